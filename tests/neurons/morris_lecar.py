"""Morris-Lecar neuron (class II), per-area units."""

from brian2 import cm, mS, ms, mV, uA, uF

equations = """
dv/dt = (g_L*(E_L - v) + g_Ca*m_inf*(E_Ca - v) + g_K*n*(E_K - v) + I_bias + gain_below*I_syn)/C_m : volt
dn/dt = phi*(n_inf - n)/tau_n : 1
dI_syn/dt = -I_syn/tau_syn : amp/meter**2
m_inf = 0.5*(1 + tanh((v - V1)/V2)) : 1
n_inf = 0.5*(1 + tanh((v - V3)/V4)) : 1
tau_n = ms/cosh((v - V3)/(2*V4)) : second
"""
threshold = "v > 0*mV"
reset = ""
refractory = "v > -20*mV"
on_pre = "I_syn_post += w*I_unit"
method = "euler"
initial = {"v": "-60*mV", "n": "0.01"}
parameters = {
    "C_m": 20 * uF / cm**2,
    "g_L": 2 * mS / cm**2,
    "g_Ca": 4.4 * mS / cm**2,
    "g_K": 8 * mS / cm**2,
    "E_L": -60 * mV,
    "E_Ca": 120 * mV,
    "E_K": -84 * mV,
    "V1": -1.2 * mV,
    "V2": 18 * mV,
    "V3": 2 * mV,
    "V4": 30 * mV,
    "phi": 0.04,
    "I_bias": 40 * uA / cm**2,
    "I_unit": 60 * uA / cm**2,
    "tau_syn": 20 * ms,
}
