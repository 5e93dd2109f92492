"""Two-exponential neuron with a soft reset, of SFDFA (Bacho & Chu 2024, arXiv 2403.08804).

    u = B - A,    dA/dt = -A/tau_s,    dB/dt = -B/(2 tau_s);    input spike:  A += w,  B += w
    spike when u > c:  B -= c,    with c = theta/(2 tau_s)

An input spike alone gives u = w (exp(-t/(2 tau_s)) - exp(-t/tau_s)), at most w/4, after 2 log(2) tau_s.  With
y = exp(-t/(2 tau_s)), u = B y - A y^2: the next spike is the solution of a quadratic equation.  `gain_below`, 1 in the
paper, scales the input; the reset takes one c from u whatever its value.  A spike is noticed, and B reset, at the end
of its time step, as the eligibilities of models/eligibilities/ have it; see also two_exponential_interpolated.

Ranges: tau_s 5..200 ms, c (dimensionless as u is) 0.05..1.
"""

from brian2 import ms

equations = """
u = gain_below*(B - A) : 1                   # membrane potential
dA/dt = -A/tau_s : 1
dB/dt = -B/(2*tau_s) : 1
"""
threshold = "u > c"
reset = "B -= c/gain_below"
on_pre = """
A_post += w
B_post += w
"""
surrogate = "gain_below/(1 + abs(u - c)/width)**2"  # pseudo-derivative by u/gain_below, for rules that ask for one
response = """
dresponse_fast/dt = -response_fast/tau_s : 1
dresponse_slow/dt = -response_slow/(2*tau_s) : 1
response = response_slow - response_fast : 1 # what spikes add to u/gain_below through a weight of 1
"""
response_on_spike = """
response_fast += 1
response_slow += 1
"""
excess = "u/c - 1"
spike_time = {"fast": "tau_s", "slow": "2*tau_s", "slope": "A - c", "reset": "c"}
parameters = {"tau_s": 20 * ms, "c": 0.25, "width": 0.1}
limits = """
1*us <= tau_s <= 1000*second
0 < c <= 1e6
0 < width <= 1e6
"""
