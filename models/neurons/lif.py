"""Leaky integrate-and-fire neuron with an exponential synaptic current (Lapicque 1907; Gerstner et al. 2014, ch. 1).

    tau_m dv/dt = I - v,    tau_syn dI/dt = -I;    input spike:  I += w;    spike when v > v_th:  v -= v_th

The membrane potential is in units of the threshold.  The slow synaptic current (NMDA-like) holds the weighted sum of
the traces of the presynaptic neurons; `gain_below`, feed-forward shunting inhibition, divides it by the length of
that trace vector, so that only its direction passes from layer to layer.

Ranges: tau_m 5..50 ms, tau_syn 5..200 ms, width (of the pseudo-derivative) 0.1..1; v_th 1 but for scaling.
"""

from brian2 import ms

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1     # membrane potential, in units of the threshold
dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
"""
threshold = "v > v_th"
reset = "v -= v_th"
on_pre = "I_syn_post += w"
surrogate = "1/(1 + abs(v - v_th)/width)**2"  # pseudo-derivative, for rules that ask for one
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
parameters = {"tau_m": 20 * ms, "tau_syn": 100 * ms, "v_th": 1.0, "width": 0.5}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
0 < v_th <= 1e6
0 < width <= 1e6
"""
