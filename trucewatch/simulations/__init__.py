"""Simulations: grow a truth, blur it; invented reports of a known truth, every row of which says SIMULATION."""

from trucewatch.simulations.feeds import Simulation, is_simulated, simulate

__all__ = ["Simulation", "is_simulated", "simulate"]
