"""Adaptive exponential integrate-and-fire neuron, AdEx (Brette & Gerstner 2005, J. Neurophysiol. 94:3637).

    C dv/dt = g_L (E_L - v) + g_L Delta_T exp((v - V_T)/Delta_T) - I_adapt + I
    tau_adapt dI_adapt/dt = a (v - E_L) - I_adapt;    spike:  v = v_reset,  I_adapt += b

Parameters of the paper (a regular spiking pyramidal neuron).  Other firing patterns differ in numbers only: table 1 of
Naud et al. (2008, Biol. Cybern. 99:335) has tonic, adapting, bursting, delayed and transient spiking, each of which
tests/test_neuron_models.py reproduces.  For example, regular bursting: C 200 pF, g_L 10 nS, E_L -58 mV, V_T -50 mV,
Delta_T 2 mV, a 2 nS, tau_adapt 120 ms, b 100 pA, v_reset -46 mV, v_cut -40 mV.

Ranges: C 50..300 pF, g_L 5..30 nS, Delta_T 0.5..5 mV, a -12..12 nS, tau_adapt 20..300 ms, b 0..120 pA, I_unit (the
current of a weight of 1) 100..1000 pA.  v_cut, where a spike is noticed, is V_T + 5 Delta_T.
"""

from brian2 import ms, mV, nS, pA, pF

equations = """
dv/dt = (g_L*(E_L - v) + g_L*Delta_T*exp((v - V_T)/Delta_T) - I_adapt + gain_below*I_syn)/C : volt
dI_adapt/dt = (a*(v - E_L) - I_adapt)/tau_adapt : amp     # adaptation current
dI_syn/dt = -I_syn/tau_syn : amp                          # synaptic current
"""
threshold = "v > v_cut"
reset = """
v = v_reset
I_adapt += b
"""
method = "euler"
on_pre = "I_syn_post += w*I_unit"
surrogate = "1/(1 + abs(v - V_T)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {"v": "E_L"}
parameters = {
    "C": 281 * pF,
    "g_L": 30 * nS,
    "E_L": -70.6 * mV,
    "V_T": -50.4 * mV,
    "Delta_T": 2 * mV,
    "v_cut": -40.4 * mV,
    "v_reset": -70.6 * mV,
    "a": 4 * nS,
    "tau_adapt": 144 * ms,
    "b": 80.5 * pA,
    "I_unit": 600 * pA,
    "tau_syn": 100 * ms,
    "width": 10 * mV,
}
limits = """
0.001*pF <= C <= 1*farad
1e-6*nS <= g_L <= 1*siemens
-1*volt <= E_L <= 1*volt
-1*volt <= V_T < v_cut <= 1*volt
0.001*mV <= Delta_T <= 1*volt
-1*volt <= v_reset < v_cut
-1*msiemens <= a <= 1*msiemens
1*us <= tau_adapt <= 1000*second
-1*uA <= b <= 1*uA
0*amp <= I_unit <= 1*mA
1*us <= tau_syn <= 1000*second
0.001*mV <= width <= 1*volt
"""
