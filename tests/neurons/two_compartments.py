"""Soma and dendrite (after Pinsky and Rinzel 1994, without active currents): input reaches the dendrite."""

from brian2 import ms, mV, nS, pA, pF

equations = """
dVs/dt = (g_L*(E_L - Vs) + g_c*(Vd - Vs))/C : volt (unless refractory)
dVd/dt = (g_L*(E_L - Vd) + g_c*(Vs - Vd)*back + gain_below*I_syn)/C : volt
dI_syn/dt = -I_syn/tau_syn : amp
delta = Vd - Vs : volt
"""
threshold = "Vs > V_th"
reset = """
Vs = V_reset
Vd += 3*mV
"""
refractory = "2*ms"
on_pre = "I_syn_post += w*w_unit"
initial = {"Vs": "E_L", "Vd": "E_L"}
w_unit = 400 * pA
parameters = {
    "C": 100 * pF,
    "g_L": 5 * nS,
    "g_c": 10 * nS,
    "back": 0.5,
    "E_L": -70 * mV,
    "V_th": -50 * mV,
    "V_reset": -60 * mV,
    "tau_syn": 20 * ms,
}
