"""Devices: how to work them, not who may."""
