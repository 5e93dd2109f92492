"""Integrate-and-fire neuron without leak (Gerstein & Mandelbrot 1964, Biophys. J. 4:41, there driven at random).

    tau_m dv/dt = I,    tau_syn dI/dt = -I;    input spike:  I += w;    spike when v > v_th:  v -= v_th

A spike removes one threshold from the membrane potential, so that the spike count is the integrated drive, rounded
down: the spiking counterpart of a rectified linear unit.  v and I are in units of the threshold.

Ranges: tau_m 10..100 ms, tau_syn 5..200 ms, width (of the pseudo-derivative) 0.1..1.
"""

from brian2 import ms

equations = """
dv/dt = gain_below*I_syn/tau_m : 1           # membrane potential, in units of the threshold
dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
"""
threshold = "v > v_th"
reset = "v -= v_th"
on_pre = "I_syn_post += w"
surrogate = "1/(1 + abs(v - v_th)/width)**2"  # pseudo-derivative, for rules that ask for one
response = """
dresponse/dt = gain_layer*response_syn/tau_m : 1    # what spikes add to v through a weight of 1
dresponse_syn/dt = -response_syn/tau_syn : 1
"""
response_on_spike = "response_syn += 1"
credit = """
dcredit/dt = 0*Hz : 1                        # what a response of 1 now has added to a sum over the response
dcredit_syn/dt = credit_syn/tau_syn : 1      # and a response_syn of 1
"""
credit_on_step = "credit_syn -= credit*gain_below*dt/tau_m*exp(dt/tau_syn)"
credit_lasts = "5*tau_syn"
parameters = {"tau_m": 40 * ms, "tau_syn": 100 * ms, "v_th": 1.0, "width": 0.5}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
0 < v_th <= 1e6
0 < width <= 1e6
"""
