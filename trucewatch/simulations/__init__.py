"""Simulations: grow a truth, blur it; invented reports of a known truth, every row of which says SIMULATION."""

from trucewatch.simulations.feeds import is_simulated, simulate
from trucewatch.simulations.written import Simulation

__all__ = ["Simulation", "is_simulated", "simulate"]
