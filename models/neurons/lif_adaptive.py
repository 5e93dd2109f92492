"""Leaky integrate-and-fire neuron with an adaptive threshold (Bellec et al. 2018, arXiv 1803.09574).

    tau_m dv/dt = I - v,    tau_a da/dt = -a;    spike when v > v_th + a:  v -= v_th + a,  a += jump

The membrane potential is in units of the resting threshold v_th.  The threshold rises by `jump` with every spike and
relaxes with tau_a, so that the intervals between spikes grow to a steady value.

Ranges: tau_m 10..40 ms, tau_a 50..1200 ms, jump 0.01..0.5.
"""

from brian2 import ms

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1     # membrane potential, in units of the threshold
dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
da/dt = -a/tau_a : 1                         # how far the threshold has risen
"""
threshold = "v > v_th + a"
reset = """
v -= v_th + a
a += jump
"""
on_pre = "I_syn_post += w"
surrogate = "1/(1 + abs(v - v_th - a)/width)**2"  # pseudo-derivative, for rules that ask for one
slow_memory = "exp(-dt/tau_a)"
slow_jump = "jump"
response = """
dresponse/dt = (gain_layer*response_syn - response)/tau_m : 1    # what spikes add to v through a weight of 1
dresponse_syn/dt = -response_syn/tau_syn : 1
"""
response_on_spike = "response_syn += 1"
credit = """
dcredit/dt = credit/tau_m : 1                # what a response of 1 now has added to a sum over the response
dcredit_syn/dt = credit_syn/tau_syn : 1      # and a response_syn of 1
"""
credit_on_step = "credit_syn -= credit*gain_below*(1 - exp(-dt/tau_m))*exp(dt/tau_syn)"
credit_lasts = "5*clip(tau_m, 0*ms, tau_syn)"
parameters = {"tau_m": 20 * ms, "tau_syn": 100 * ms, "tau_a": 200 * ms, "jump": 0.1, "v_th": 1.0, "width": 0.5}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
1*us <= tau_a <= 1000*second
0 <= jump <= 1e6
0 < v_th <= 1e6
0 < width <= 1e6
"""
