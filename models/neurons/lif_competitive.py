"""Leaky integrate-and-fire neuron with lateral inhibition and a homeostatic threshold (Ororbia 2024, CSDP).

    spike of any neuron of the layer:  v -= inhibition,  v_th += rise
    every time step:                   v_th -= rise*quota

Every spike takes `inhibition` from the membrane potentials of its layer, that of the neuron itself included, so that
the first neurons to spike keep the others silent.  The threshold, the same for the whole layer, settles where `quota`
neurons spike in a time step; it starts at v_start with every stimulus epoch.

Ranges: inhibition 0..0.5 (the threshold is 1), rise 0..0.01 (0.001 in the paper), quota 1..10 (1 in the paper), tau_m
20..100 ms.
"""

from brian2 import ms

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1     # membrane potential
dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
v_th : 1                                     # threshold
"""
threshold = "v > v_th"
reset = "v -= v_th"
on_step = "v_th -= rise*quota"
lateral = """
v_post -= inhibition
v_th_post += rise
"""
on_pre = "I_syn_post += w"
surrogate = "1/(1 + abs(v - v_th)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {"v_th": "v_start"}
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
parameters = {
    "tau_m": 20 * ms,
    "tau_syn": 100 * ms,
    "v_start": 1.0,
    "inhibition": 0.005,
    "rise": 0.001,
    "quota": 1.0,
    "width": 0.5,
}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
0 < v_start <= 1e6
0 <= inhibition <= 1e6
0 <= rise <= 1e6
0 <= quota <= 1e6
0 < width <= 1e6
"""
