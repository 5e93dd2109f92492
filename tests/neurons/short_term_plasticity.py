"""Leaky integrate-and-fire with facilitation and depression at its inputs (Tsodyks et al. 1998; Mongillo 2008)."""

from brian2 import ms

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1
dI_syn/dt = -I_syn/tau_syn : 1
"""
threshold = "v > 1"
reset = "v -= 1"
presynaptic = """
dr/dt = (1 - r)/tau_d : 1       # resources
du/dt = (U - u)/tau_f : 1       # their share that a spike uses
"""
presynaptic_on_spike = """
u += U*(1 - u)
r -= u*r
"""
on_pre = "I_syn_post += w*(u_pre + U*(1 - u_pre))*r_pre"
initial = {"r": 1, "u": "U"}
parameters = {"tau_m": 20 * ms, "tau_syn": 100 * ms, "tau_d": 200 * ms, "tau_f": 600 * ms, "U": 0.3}
