"""The two-exponential neuron, with a reset that does not depend on the time step (Bacho & Chu 2024, arXiv 2403.08804).

With y = exp(-t/(2 tau_s)), u = B y - A y^2: the time within the time step at which u reached c is the solution of a
quadratic equation.  The reset takes what has become of c since then, c/y, so that later spikes do not inherit the delay
with which this one is noticed: every spike falls into the time step that the closed form says.

Ranges: tau_s 5..200 ms, c (dimensionless as u is) 0.05..1.
"""

from brian2 import ms

equations = """
u = gain_below*(B - A) : 1                   # membrane potential
dA/dt = -A/tau_s : 1
dB/dt = -B/(2*tau_s) : 1
"""
threshold = "u > c"
reset = """
c_now = c/gain_below
A_now = clip(A, 1e-12, inf)
y = clip((B + sqrt(clip(B**2 - 4*A_now*c_now, 0, inf)))/(2*A_now), 1, exp(dt/(2*tau_s)))
B -= c_now/y
"""
on_pre = """
A_post += w
B_post += w
"""
surrogate = "1/(1 + abs(u - c)/width)**2"  # pseudo-derivative, for rules that ask for one
excess = "u/c - 1"
parameters = {"tau_s": 20 * ms, "c": 0.25, "width": 0.1}
