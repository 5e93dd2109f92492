"""Hodgkin-Huxley neuron (Hodgkin & Huxley 1952; rates of Traub & Miles 1991 as in Brette et al. 2007, benchmark 3).

    C dv/dt = g_L (E_L - v) - g_Na m^3 h (v - E_Na) - g_K n^4 (v - E_K) + I,    dx/dt = alpha_x (1 - x) - beta_x x

for the gates x = m, h, n, whose rates depend on v - V_T.  A spike is noticed where v crosses v_spike, once until v has
fallen below it again; nothing is reset.  Rates far from rest are over 10/ms: take steps of 0.1 ms or less (--dt 0.1);
exponential Euler is stable at 1 ms as well, but the upstroke is then cut short.

Ranges: C 100..500 pF, g_L 5..20 nS, g_Na 10..50 uS, g_K 2..10 uS, V_T -70..-50 mV, I_unit (the current of a weight of
1) 0.1..2 nA.  Conductances are those of 20 000 um^2 of membrane.
"""

from brian2 import ms, mV, nA, nS, pF, uS

equations = """
dv/dt = (g_L*(E_L - v) - g_Na*m**3*h*(v - E_Na) - g_K*n**4*(v - E_K) + gain_below*I_syn)/C : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1       # sodium channels open
dh/dt = alpha_h*(1 - h) - beta_h*h : 1       # and close
dn/dt = alpha_n*(1 - n) - beta_n*n : 1       # potassium channels open
dI_syn/dt = -I_syn/tau_syn : amp             # synaptic current
alpha_m = 1.28/exprel((13*mV - v + V_T)/(4*mV))/ms : Hz
beta_m = 1.4/exprel((v - V_T - 40*mV)/(5*mV))/ms : Hz
alpha_h = 0.128*exp((17*mV - v + V_T)/(18*mV))/ms : Hz
beta_h = 4/(1 + exp((40*mV - v + V_T)/(5*mV)))/ms : Hz
alpha_n = 0.16/exprel((15*mV - v + V_T)/(5*mV))/ms : Hz
beta_n = 0.5*exp((10*mV - v + V_T)/(40*mV))/ms : Hz
"""
threshold = "v > v_spike"
reset = ""
refractory = "v > v_spike"
on_pre = "I_syn_post += w*I_unit"
surrogate = "1/(1 + abs(v - v_spike)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {"v": "E_L", "m": 0.02, "h": 1.0, "n": 0.05}
parameters = {
    "C": 200 * pF,
    "g_L": 10 * nS,
    "E_L": -65 * mV,
    "g_Na": 20 * uS,
    "E_Na": 50 * mV,
    "g_K": 6 * uS,
    "E_K": -90 * mV,
    "V_T": -63 * mV,
    "v_spike": -20 * mV,
    "I_unit": 0.5 * nA,
    "tau_syn": 20 * ms,
    "width": 20 * mV,
}
limits = """
0.001*pF <= C <= 1*farad
1e-6*nS <= g_L <= 1*siemens
-1*volt <= E_L <= 1*volt
0*nS <= g_Na <= 1*siemens
-1*volt <= E_Na <= 1*volt
0*nS <= g_K <= 1*siemens
-1*volt <= E_K <= 1*volt
-1*volt <= V_T <= 1*volt
-1*volt <= v_spike <= 1*volt
0*amp <= I_unit <= 1*mA
1*us <= tau_syn <= 1000*second
0.001*mV <= width <= 1*volt
"""
