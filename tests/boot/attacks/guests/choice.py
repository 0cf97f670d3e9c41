"""Which function is which attack."""

from tests.boot.attacks.guests import capabilities, greed, lives, memory, newborns, tables, trespass
from tests.boot.attacks.guests.attack import Attack


def attacked(attack: int) -> bool:
    """Attack, and answer whether that got through. Raises KernelError when it cannot even be tried."""
    return (
        on_capabilities(attack)
        or on_tables(attack)
        or on_trespass(attack)
        or on_memory(attack)
        or on_greed(attack)
        or on_lives(attack)
    )


def on_capabilities(attack: int) -> bool:
    match attack:
        case Attack.FORGE_ANYTHING:
            return capabilities.forge_anything()
        case Attack.FORGE_ILL_FORMED:
            return capabilities.forge_ill_formed()
        case Attack.GUESS_SEALS:
            return capabilities.guess_seals()
        case Attack.SEAL_WITHOUT_GRANT:
            return capabilities.seal_without_grant()
        case Attack.ALIAS_SLOTS:
            return capabilities.alias_slots()
        case Attack.GRANT_MORE:
            return capabilities.grant_more()
        case Attack.FORGE_MORE:
            return capabilities.forge_more()
        case Attack.FORGE_WITHOUT_GRANT:
            return capabilities.forge_without_grant()
        case Attack.MAP_WRITABLE:
            return capabilities.map_writable()
        case Attack.PROTECT_WRITABLE:
            return capabilities.protect_writable()
        case Attack.DROP_MAPPED:
            return capabilities.drop_mapped()
        case Attack.GUARD_MAPPED:
            return capabilities.guard_mapped()
        case Attack.FREE_MAPPED:
            return capabilities.free_mapped()
        case Attack.GRANT_UNASKED:
            return capabilities.grant_unasked()
        case Attack.GRANT_TWICE:
            return capabilities.grant_twice()
        case Attack.GRANT_AS_SUCCESSOR:
            return capabilities.grant_as_successor()
        case Attack.RECEIVE_AS_SUCCESSOR:
            return capabilities.receive_as_successor()
        case Attack.ACCEPT_INTO_FULL:
            return capabilities.accept_into_full()
        case Attack.FORGE_INTO_OPEN:
            return capabilities.forge_into_open()
        case Attack.INSTALL_IN_LIVING:
            return capabilities.install_in_living()
        case Attack.INHERIT_SLOTS:
            return capabilities.inherit_slots()
        case Attack.FREE_UNREAPED:
            return capabilities.free_unreaped()
        case Attack.OVERFLOW_USES:
            return capabilities.overflow_uses()
        case _:
            return False


def on_tables(attack: int) -> bool:
    match attack:
        case Attack.MAP_ANYTHING:
            return tables.map_anything()
        case Attack.MAP_BEYOND_MEMORY:
            return tables.map_beyond_memory()
        case Attack.TABLE_OF_DATA:
            return tables.table_of_data()
        case Attack.ALLOC_TAKEN:
            return tables.alloc_taken()
        case Attack.SMUGGLE_BITS:
            return tables.smuggle_bits()
        case Attack.SMUGGLE_FLAGS:
            return tables.smuggle_flags()
        case Attack.MAP_LAST_PAGE:
            return tables.map_last_page()
        case Attack.LINK_UPPER_HALF:
            return tables.link_upper_half()
        case Attack.FREE_FULL_TABLE:
            return tables.free_full_table()
        case Attack.LINK_OVER:
            return tables.link_over()
        case Attack.MAP_INTO_LEVEL_2:
            return tables.map_into_level_2()
        case Attack.DIRTY_TABLE:
            return tables.dirty_table()
        case _:
            return False


def on_trespass(attack: int) -> bool:
    match attack:
        case Attack.WRITE_VICTIMS_TABLE:
            return trespass.write_victims_table()
        case Attack.PROTECT_VICTIMS_TABLE:
            return trespass.protect_victims_table()
        case Attack.LINK_IN_VICTIMS_ROOT:
            return trespass.link_in_victims_root()
        case Attack.MAP_VICTIMS_FRAME:
            return trespass.map_victims_frame()
        case Attack.COPY_VICTIMS_FRAME:
            return trespass.copy_victims_frame()
        case Attack.FREE_VICTIMS_FRAME:
            return trespass.free_victims_frame()
        case Attack.GUARD_VICTIMS_FRAME:
            return trespass.guard_victims_frame()
        case Attack.DESTROY_VICTIM:
            return trespass.destroy_victim()
        case Attack.START_PREY:
            return trespass.start_prey()
        case Attack.INSTALL_IN_PREY:
            return trespass.install_in_prey()
        case Attack.TAKE_SLICE:
            return trespass.take_slice()
        case Attack.FREE_SLICE:
            return trespass.free_slice()
        case Attack.HALT_MACHINE:
            return trespass.halt_machine()
        case Attack.GIVE_TO_DEAD:
            return trespass.give_to_dead()
        case Attack.RANGE_BEYOND_OURS:
            return trespass.range_beyond_ours()
        case Attack.BATCH_BEYOND_OURS:
            return trespass.batch_beyond_ours()
        case Attack.PROTECT_BEYOND_OURS:
            return trespass.protect_beyond_ours()
        case Attack.PRINT_VICTIMS_FRAME:
            return trespass.print_victims_frame()
        case Attack.PRINT_WITHOUT_KEY:
            return trespass.print_without_key()
        case _:
            return False


def on_memory(attack: int) -> bool:
    match attack:
        case Attack.DIRTY_FRAME:
            return memory.dirty_frame()
        case Attack.DIRTY_ROOT:
            return memory.dirty_root()
        case Attack.DIRTY_PAGE:
            return memory.dirty_page()
        case Attack.WRITE_BEYOND_FRAME:
            return memory.write_beyond_frame()
        case Attack.LEAVE_TABLE:
            return memory.leave_table()
        case Attack.BATCH_BEYOND_FRAME:
            return memory.batch_beyond_frame()
        case Attack.STALE_MAP:
            return memory.stale_map()
        case Attack.STALE_BATCH:
            return memory.stale_batch()
        case Attack.STALE_REPOSSESS:
            return memory.stale_repossess()
        case Attack.STALE_SELF_MAP:
            return memory.stale_self_map()
        case Attack.STALE_PROTECT:
            return memory.stale_protect()
        case _:
            return False


def on_greed(attack: int) -> bool:
    match attack:
        case Attack.NEGATIVE_QUOTA:
            return greed.negative_quota()
        case Attack.MORE_THAN_QUOTA:
            return greed.more_than_quota()
        case Attack.OVERSTAY:
            return greed.overstay()
        case Attack.STEAL_SLICES:
            return greed.steal_slices()
        case Attack.OVERDRAW:
            return greed.overdraw()
        case Attack.STORM_OF_CALLS:
            return greed.storm_of_calls()
        case Attack.STORM_OF_FAULTS:
            return greed.storm_of_faults()
        case Attack.KILL_NEWBORN:
            return newborns.kill_newborn()
        case Attack.BEGIN_ANYWHERE:
            return greed.begin_anywhere()
        case Attack.TAKE_ALL_FRAMES:
            return greed.take_all_frames()
        case Attack.TAKE_ALL_SLICES:
            return greed.take_all_slices()
        case Attack.TAKE_ALL_NAMES:
            return greed.take_all_names()
        case Attack.CLONE_FOR_NOTHING:
            return greed.clone_for_nothing()
        case Attack.GARBAGE:
            return greed.garbage()
        case _:
            return False


def on_lives(attack: int) -> bool:
    match attack:
        case Attack.FREE_SEEN_PAGE:
            return lives.free_seen_page()
        case Attack.ADOPT_PAGE:
            return lives.adopt_page()
        case Attack.START_DEAD:
            return lives.start_dead()
        case Attack.UNMAP_UNDER_CLONE:
            return lives.unmap_under_clone()
        case Attack.CREATE_OVER_VICTIM:
            return lives.create_over_victim()
        case Attack.ONE_FRAME_TWICE:
            return lives.one_frame_twice()
        case Attack.ALLOC_OWNED_SLICE:
            return lives.alloc_owned_slice()
        case _:
            return False
