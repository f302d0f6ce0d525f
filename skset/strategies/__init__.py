"""Strategies of dynamic sparse training: init, drop, grow and schedule."""

from skset.strategies.densities import ErdosRenyi, Uniform
from skset.strategies.drop import MagnitudeDrop, SETDrop
from skset.strategies.grow import RandomGrow
from skset.strategies.names import (
    DROPS,
    GROWS,
    INITS,
    METHODS,
    SCHEDULES,
    Evolution,
    Method,
)
from skset.strategies.protocols import Drop, Grow, Init, Schedule
from skset.strategies.schedules import ConstantSchedule, CosineSchedule

__all__ = [
    "DROPS",
    "GROWS",
    "INITS",
    "METHODS",
    "SCHEDULES",
    "ConstantSchedule",
    "CosineSchedule",
    "Drop",
    "ErdosRenyi",
    "Evolution",
    "Grow",
    "Init",
    "MagnitudeDrop",
    "Method",
    "RandomGrow",
    "SETDrop",
    "Schedule",
    "Uniform",
]
