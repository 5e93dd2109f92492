"""GLIF3: LIF with two after-spike currents (Teeter et al. 2018)."""

from brian2 import ms, mV, nS, pA, pF

equations = """
dv/dt = (gain_below*I_syn + asc1 + asc2 - g*(v - E_L))/C : volt (unless refractory)
dasc1/dt = -asc1/tau1 : amp (unless refractory)
dasc2/dt = -asc2/tau2 : amp (unless refractory)
dI_syn/dt = -I_syn/tau_syn : amp
"""
threshold = "v > V_th"
reset = """
v = V_reset
asc1 = R1*asc1 + d1
asc2 = R2*asc2 + d2
"""
refractory = "t_ref"
on_pre = "I_syn_post += w*I_unit"
initial = {"v": "E_L"}
parameters = {
    "C": 60 * pF,
    "g": 4.3 * nS,
    "E_L": -78 * mV,
    "V_th": -43 * mV,
    "V_reset": -78 * mV,
    "t_ref": 2 * ms,
    "tau1": 300 * ms,
    "tau2": 10 * ms,
    "R1": 1.0,
    "R2": 1.0,
    "d1": -5 * pA,
    "d2": -30 * pA,
    "I_unit": 200 * pA,
    "tau_syn": 30 * ms,
}
