"""The two-exponential neuron, with a reset that does not depend on the time step (Bacho & Chu 2024, arXiv 2403.08804).

With y = exp(-t/(2 tau_s)), u = B y - A y^2: the time within the time step at which u reached c is the solution of a
quadratic equation.  The reset takes what has become of c since then, c/y, so that later spikes do not inherit the delay
with which this one is noticed: every spike falls into the time step that the closed form says.

Ranges: tau_s 5..200 ms, c (dimensionless as u is) 0.05..1.
"""

base = "two_exponential"
reset = """
c_now = c/gain_below
A_now = clip(A, 1e-12, inf)
y = clip((B + sqrt(clip(B**2 - 4*A_now*c_now, 0, inf)))/(2*A_now), 1, exp(dt/(2*tau_s)))
B -= c_now/y
"""
