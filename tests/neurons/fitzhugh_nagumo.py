"""FitzHugh-Nagumo."""

from brian2 import ms

equations = """
dv/dt = (v - v**3/3 - u + I0 + gain_below*I_syn)/tau : 1
du/dt = eps*(v + a - b*u)/tau : 1
dI_syn/dt = -I_syn/tau_syn : 1
"""
threshold = "v > 1"
reset = ""
refractory = "v > 0"
method = "euler"
initial = {"v": "-1.2", "u": "-0.6"}
parameters = {"tau": 1 * ms, "eps": 0.08, "a": 0.7, "b": 0.8, "I0": 0.2, "tau_syn": 20 * ms}
