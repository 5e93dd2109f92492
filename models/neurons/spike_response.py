"""Spike response model with a slow refractory kernel (Gerstner & Kistler 2002, Spiking Neuron Models, chapter 4.2).

    v(t) = sum over input spikes of w*eps(t - t_in)  -  sum over own spikes of eta(t - t_own);    spike when v > v_th
    eps(s) = tau_syn/(tau_syn - tau_m)*(exp(-s/tau_syn) - exp(-s/tau_m)),    eta(s) = depth*exp(-s/tau_eta)

The membrane is not reset: what input has done to it stays, and a spike takes `depth` from it, which comes back with a
time constant of its own.  A slow one is a memory of the neuron's own spikes: a neuron that has had its say is quiet for
a while, and others of its layer speak at other times.  As equations, u is the part of v that input spikes make.

Ranges: tau_m 5..50 ms, tau_syn 5..200 ms, tau_eta 10..500 ms, depth 0.5..5 (the threshold is 1), width (of the
pseudo-derivative) 0.1..1.
"""

from brian2 import ms

equations = """
du/dt = (gain_below*I_syn - u)/tau_m : 1     # what input spikes have made of the membrane potential
dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
deta_v/dt = -eta_v/tau_eta : 1               # what own spikes have taken from it
v = u - eta_v : 1                            # membrane potential, in units of the threshold
"""
threshold = "v > v_th"
reset = "eta_v += depth"
on_pre = "I_syn_post += w"
surrogate = "1/(1 + abs(v - v_th)/width)**2"  # pseudo-derivative, for rules that ask for one
slow_memory = "exp(-dt/tau_eta)"
slow_jump = "depth"
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
parameters = {"tau_m": 20 * ms, "tau_syn": 100 * ms, "tau_eta": 100 * ms, "depth": 1.0, "v_th": 1.0, "width": 0.5}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
1*us <= tau_eta <= 1000*second
0 <= depth <= 1e6
0 < v_th <= 1e6
0 < width <= 1e6
"""
