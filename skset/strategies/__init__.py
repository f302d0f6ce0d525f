"""Strategies of dynamic sparse training: init, drop, grow and schedule.

Each file says in its own `__all__` what is public.
"""

from skset.strategies import (
    contracts,
    drop,
    grow,
    init,
    methods,
    pruning,
    reuse,
    schedules,
)
from skset.strategies.contracts import *  # noqa: F403
from skset.strategies.drop import *  # noqa: F403
from skset.strategies.grow import *  # noqa: F403
from skset.strategies.init import *  # noqa: F403
from skset.strategies.methods import *  # noqa: F403
from skset.strategies.pruning import *  # noqa: F403
from skset.strategies.reuse import *  # noqa: F403
from skset.strategies.schedules import *  # noqa: F403

__all__: list[str] = []
__all__ += contracts.__all__
__all__ += drop.__all__
__all__ += grow.__all__
__all__ += init.__all__
__all__ += methods.__all__
__all__ += pruning.__all__
__all__ += reuse.__all__
__all__ += schedules.__all__
