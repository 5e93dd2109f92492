"""Quadratic integrate and fire."""

from brian2 import ms, mV, nS, pA, pF

equations = """
dv/dt = (k*(v - v_r)*(v - v_t) + gain_below*I_syn)/C : volt (unless refractory)
dI_syn/dt = -I_syn/tau_syn : amp
"""
threshold = "v > v_peak"
reset = "v = v_reset"
refractory = 2 * ms
on_pre = "I_syn_post += w*I_unit"
initial = {"v": "v_r"}
parameters = {
    "k": 0.7 * nS / mV,
    "v_r": -60 * mV,
    "v_t": -40 * mV,
    "v_peak": 35 * mV,
    "v_reset": -50 * mV,
    "C": 100 * pF,
    "I_unit": 100 * pA,
    "tau_syn": 50 * ms,
}
