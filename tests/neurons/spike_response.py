"""Spike response model SRM0 (Gerstner et al. 2014, ch. 6): an alpha-shaped epsilon kernel, and eta after a spike."""

from brian2 import ms

equations = """
u = h + eta : 1
dh/dt = (gain_below*s - h)/tau_m : 1
ds/dt = -s/tau_s : 1
deta/dt = -eta/tau_eta : 1
"""
threshold = "u > theta"
reset = "eta -= eta0"
on_pre = "s_post += w"
parameters = {"tau_m": 10 * ms, "tau_s": 20 * ms, "tau_eta": 30 * ms, "eta0": 1.0, "theta": 1.0}
