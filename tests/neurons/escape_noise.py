"""Leaky integrate-and-fire with escape noise (Gerstner et al. 2014, ch. 9): a rate that rises exponentially with v."""

from brian2 import Hz, ms

equations = """
dv/dt = (gain_below*I_syn - v)/tau : 1
dI_syn/dt = -I_syn/tau_syn : 1
rate = rho*exp((v - theta)/beta) : Hz
step : integer
"""
on_step = "step += 1"
threshold = "uniform(seed, presentation, step, channel) < 1 - exp(-rate*dt)"
reset = "v = 0"
initial = {"step": 0}
parameters = {"tau": 20 * ms, "tau_syn": 100 * ms, "rho": 100 * Hz, "theta": 1.0, "beta": 0.2}
