"""Morris-Lecar neuron (Morris & Lecar 1981, Biophys. J. 35:193; parameters of Rinzel & Ermentrout 1989, class II).

    C dv/dt = g_L (E_L - v) + g_Ca m_inf(v) (E_Ca - v) + g_K n (E_K - v) + I,    dn/dt = phi (n_inf(v) - n)/tau_n(v)

Two variables with the calcium spikes of a muscle fibre: the smallest model of conductances.  Constant currents make it
fire from 88 to 94 uA/cm^2 on (by history), at once with 10 Hz (class II, a Hopf bifurcation).  With g_Ca 4 mS/cm^2, V_3
12 mV, V_4 17.4 mV and phi 1/15 it begins at 40 uA/cm^2 with rates as low as one likes (class I).

A spike is noticed where v crosses v_spike, once until v has fallen below it; nothing is reset.  Spikes last 10 ms and
more: an epoch of 200 ms holds a few.

Ranges: C 5..20 uF/cm^2, g_Ca 4..6 mS/cm^2, g_K 5..10 mS/cm^2, phi 0.02..0.3, V_3 0..15 mV, V_4 10..35 mV, I_unit (the
current of a weight of 1) 10..200 uA/cm^2.
"""

from brian2 import cm, ms, msiemens, mV, uA, uF

equations = """
dv/dt = (g_L*(E_L - v) + g_Ca*m_inf*(E_Ca - v) + g_K*n*(E_K - v) + gain_below*I_syn)/C : volt
dn/dt = phi*(n_inf - n)/tau_n : 1            # potassium channels open
dI_syn/dt = -I_syn/tau_syn : amp/meter**2    # synaptic current
m_inf = 0.5*(1 + tanh((v - V_1)/V_2)) : 1
n_inf = 0.5*(1 + tanh((v - V_3)/V_4)) : 1
tau_n = 1*ms/cosh((v - V_3)/(2*V_4)) : second
"""
threshold = "v > v_spike"
reset = ""
refractory = "v > v_spike"
on_pre = "I_syn_post += w*I_unit"
surrogate = "1/(1 + abs(v - v_spike)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {"v": -60.9 * mV, "n": 0.015}
parameters = {
    "C": 20 * uF / cm**2,
    "g_L": 2 * msiemens / cm**2,
    "E_L": -60 * mV,
    "g_Ca": 4.4 * msiemens / cm**2,
    "E_Ca": 120 * mV,
    "g_K": 8 * msiemens / cm**2,
    "E_K": -84 * mV,
    "V_1": -1.2 * mV,
    "V_2": 18 * mV,
    "V_3": 2 * mV,
    "V_4": 30 * mV,
    "phi": 0.04,
    "v_spike": 0 * mV,
    "I_unit": 60 * uA / cm**2,
    "tau_syn": 50 * ms,
    "width": 20 * mV,
}
limits = """
1e-6*uF/cm**2 <= C <= 1*farad/cm**2
1e-9*msiemens/cm**2 <= g_L <= 1*siemens/cm**2
-1*volt <= E_L <= 1*volt
0*msiemens/cm**2 <= g_Ca <= 1*siemens/cm**2
-1*volt <= E_Ca <= 1*volt
0*msiemens/cm**2 <= g_K <= 1*siemens/cm**2
-1*volt <= E_K <= 1*volt
-1*volt <= V_1 <= 1*volt
0.001*mV <= V_2 <= 1*volt
-1*volt <= V_3 <= 1*volt
0.001*mV <= V_4 <= 1*volt
0 < phi <= 1e6
-1*volt <= v_spike <= 1*volt
0*uA/cm**2 <= I_unit <= 1*amp/cm**2
1*us <= tau_syn <= 1000*second
0.001*mV <= width <= 1*volt
"""
