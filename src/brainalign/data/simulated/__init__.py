"""The simulator: sentences, their sound, and listeners whose every response has a known cause."""

from brainalign.data.simulated.fmri import simulate_fmri
from brainalign.data.simulated.latents import LATENTS
from brainalign.data.simulated.listeners import full_mixture
from brainalign.data.simulated.meeg import simulate_meeg
from brainalign.data.simulated.production import simulate_production
from brainalign.data.simulated.simulate import simulate

__all__ = ["LATENTS", "full_mixture", "simulate", "simulate_fmri", "simulate_meeg", "simulate_production"]
