"""What any kernel needs for proofs, however small: the records through which it sees what libraries wrote."""

RECORDS = """
record exokernel.abi.environment_page.EnvironmentPage size 8 align 8:
  0 begin: i64
end
record exokernel.abi.tables.MapRequest size 8 align 8:
  0 index: i64
end
"""
