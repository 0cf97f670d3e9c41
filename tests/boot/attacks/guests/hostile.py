"""Stage attacks: for each, an attacker and a victim that hold no key to each other, and a look at what is left.

The arguments are the numbers of attacks. Each is answered by a line: its number, the
attacker's status, the victim's, and whether all that is owned still adds up. The same
program is attacker and victim; which of them, its environment page says.
"""

from exokernel.abi.capability import extended
from exokernel.abi.errors import KernelError
from exokernel.abi.names import ENVIRONMENTS, EnvironmentId, Slot
from exokernel.abi.tables import Phase
from exokernel.libos import kernel
from exokernel.libos.exos import NoChild, NoMemory, NotExecutable, NotFound, arguments, errors, flush_all, wait
from exokernel.libos.exos.arch.state import page_in_window, state
from exokernel.libos.exos.archive import find
from exokernel.libos.exos.critical import pause
from exokernel.libos.exos.embryo import Share, close_window, conceive, show
from exokernel.libos.exos.layout import KEY
from exokernel.libos.exos.loading import spawn
from exokernel.libos.exos.processes import is_alive
from exokernel.libos.exos.reaping import reap
from tests.boot.attacks.guests.attack import (
    ATTACK,
    ATTACKER,
    BUSY,
    GOT_THROUGH,
    UNTRIED,
    PREY,
    ROLE,
    STOP,
    VICTIM,
    VICTIM_ROLE,
    Attack,
    ours,
)
from tests.boot.attacks.guests.audit import adds_up, total_quotas
from tests.boot.attacks.guests.choice import attacked
from tests.boot.attacks.guests.tools import let_live, own_key
from tests.boot.attacks.guests.victim import suffer

ATTACKERS, VICTIMS = Slot(10), Slot(11)  # what guards each of them
PROGRAM = b"program"
SHARE = Share(6000, 8, 40)  # what each of them may own
PREYS = Share(16, 0, 0)
UNWAITED = 255
PATIENCE = 150  # ticks, for one attack
AROUND = 2  # beats of the victim before the attack and after it


def main() -> int:
    staged = False
    for word in arguments():
        if not staged:
            prepare()
            staged = True
        stage(number(word.encode()))
    return 0 if staged else played()


def number(digits: bytes) -> int:
    value = 0
    for digit in digits:
        value = value * 10 + digit - ord("0")
    return value


def prepare() -> None:
    try:
        kernel.capability_forge(KEY, ATTACKERS, extended(own_key(), 0x0A))
        kernel.capability_forge(KEY, VICTIMS, extended(own_key(), 0x0B))
    except KernelError:
        print("no keys")


def played() -> int:
    """Be an attacker or a victim, as soon as it is known which."""
    own = ours()
    while own.library[ROLE] == 0:
        pause()
    if own.library[ROLE] == VICTIM_ROLE:
        return suffer()
    other = EnvironmentId(own.library[VICTIM])
    let_live(other, AROUND)
    status = tried(own.library[ATTACK])
    let_live(other, AROUND)
    return status


def tried(attack: int) -> int:
    """Attack. What got through is said at once: the kernel may not survive it for long."""
    print(f"{attack} begins", file=errors)
    flush_all()
    try:
        if not attacked(attack):
            return 0
    except KernelError:
        return UNTRIED
    print(f"{attack} got through", file=errors)
    flush_all()
    return GOT_THROUGH


# Staging


def stage(attack: int) -> None:
    quotas = total_quotas()
    try:
        victim, prey = born(VICTIMS), made_prey()
        attacker = born(ATTACKERS)
        brief(victim, VICTIM_ROLE, attack, victim, prey)
        brief(attacker, ATTACKER, attack, victim, prey)
        status = ended(attacker)
        tell(victim, STOP)
        fared = ended(victim)
        clean_up()
        sums = adds_up() and total_quotas() == quotas
        print(f"{attack} {status} {fared} {'adds up' if sums else 'does not add up'}")
    except KernelError:
        print(f"{attack} cannot be staged")
    except NoMemory:
        print(f"{attack} has no room")
    except NotFound:
        print(f"{attack} has no program")
    except NotExecutable:
        print(f"{attack} has no program")
    flush_all()


def born(guard: Slot) -> EnvironmentId:
    """Start ourselves once more, behind a guard that the other does not open."""
    own = state()
    own.guard = guard
    program = find(PROGRAM)
    child = spawn(program, SHARE, kernel.ourselves(), 0, 0)
    own.children += 1
    own.guard = KEY
    return child


def made_prey() -> EnvironmentId:
    """An embryo of the victim's."""
    state().guard = VICTIMS
    embryo = conceive(PREYS)
    state().guard = KEY
    return embryo


def brief(who: EnvironmentId, role: int, attack: int, victim: EnvironmentId, prey: EnvironmentId) -> None:
    show(kernel.environments[who].page, KEY)
    page = page_in_window()
    page.library[ATTACK] = attack
    page.library[VICTIM] = victim
    page.library[PREY] = prey
    page.library[BUSY] = 1 if attack == Attack.OVERDRAW or attack == Attack.STEAL_SLICES else 0
    page.library[ROLE] = role
    close_window()


def tell(who: EnvironmentId, place: int) -> None:
    show(kernel.environments[who].page, KEY)
    page_in_window().library[place] = 1
    close_window()


def ended(child: EnvironmentId) -> int:
    """The status of a child, waited for without giving it our time."""
    try:
        start = kernel.machine().ticks
        while is_alive(child):
            if kernel.machine().ticks - start > PATIENCE:
                kernel.environment_destroy(child, KEY)
            pause()
        return wait(child)
    except NoChild:
        return UNWAITED


def clean_up() -> None:
    """End and reap all that attacker and victim have made and left."""
    for number in range(kernel.ourselves() + 1, ENVIRONMENTS):
        left = EnvironmentId(number)
        phase = kernel.environments[left].phase
        if phase == Phase.LIVE or phase == Phase.EMBRYO:
            kernel.environment_destroy(left, KEY)
    for _ in range(2):  # those that share an address space go before its owner
        for number in range(kernel.ourselves() + 1, ENVIRONMENTS):
            if kernel.environments[EnvironmentId(number)].phase == Phase.DEAD:
                reap(EnvironmentId(number))
