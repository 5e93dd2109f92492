"""Hodgkin-Huxley, Traub and Miles: alpha and beta rates, refractory on v, as in the Brian2 COBAHH example."""

from brian2 import cm, ms, msiemens, mV, nA, siemens, ufarad, umetre

area = 20000 * umetre**2
equations = """
dv/dt = (g_l*(E_l - v) + gain_below*I_syn - g_na*(m*m*m)*h*(v - E_Na) - g_kd*(n*n*n*n)*(v - E_K))/Cm : volt
dm/dt = alpha_m*(1-m) - beta_m*m : 1
dn/dt = alpha_n*(1-n) - beta_n*n : 1
dh/dt = alpha_h*(1-h) - beta_h*h : 1
dI_syn/dt = -I_syn/tau_syn : amp
alpha_m = 0.32*(mV**-1)*4*mV/exprel((13*mV - v + VT)/(4*mV))/ms : Hz
beta_m = 0.28*(mV**-1)*5*mV/exprel((v - VT - 40*mV)/(5*mV))/ms : Hz
alpha_h = 0.128*exp((17*mV - v + VT)/(18*mV))/ms : Hz
beta_h = 4./(1 + exp((40*mV - v + VT)/(5*mV)))/ms : Hz
alpha_n = 0.032*(mV**-1)*5*mV/exprel((15*mV - v + VT)/(5*mV))/ms : Hz
beta_n = .5*exp((10*mV - v + VT)/(40*mV))/ms : Hz
"""
threshold = "v > -40*mV"
reset = ""
refractory = "v > -40*mV"
on_pre = "I_syn_post += w*I_unit"
method = "exponential_euler"
initial = {"v": "-65*mV"}
parameters = {
    "Cm": (1 * ufarad * cm**-2) * area,
    "g_l": (5e-5 * siemens * cm**-2) * area,
    "E_l": -65 * mV,
    "E_K": -90 * mV,
    "E_Na": 50 * mV,
    "g_na": (100 * msiemens * cm**-2) * area,
    "g_kd": (30 * msiemens * cm**-2) * area,
    "VT": -63 * mV,
    "I_unit": 1 * nA,
    "tau_syn": 20 * ms,
}
