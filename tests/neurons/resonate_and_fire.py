"""Resonate-and-fire (Izhikevich 2001): a damped oscillation that spikes where it crosses 1, in x and y."""

from brian2 import Hz, ms

omega = 2 * 3.14159 * 40 * Hz
equations = """
dx/dt = b*x - omega*y + gain_below*I_syn/tau : 1
dy/dt = omega*x + b*y : 1
dI_syn/dt = -I_syn/tau_syn : 1
phase = arctan(y/(abs(x) + 1e-9)) : 1
"""
threshold = "y > 1"
reset = """
x = 0
y = 1
"""
refractory = 3 * ms
parameters = {"b": -50 * Hz, "tau": 5 * ms, "tau_syn": 10 * ms}
