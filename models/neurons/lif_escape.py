"""Leaky integrate-and-fire neuron with escape noise (Gerstner et al. 2014, ch. 9; Jolivet et al. 2006).

    tau_m dv/dt = I - v;    a spike comes with the rate rho = rho_th exp((v - v_th)/delta):  v = 0

There is no sharp threshold: within a time step a neuron spikes with probability 1 - exp(-rho dt), for which one number
of the counter-based generator is drawn, the same on every device.  delta -> 0 gives lif with a reset to 0.

Ranges: rho_th, the rate at v_th, 10..1000 Hz, delta 0.02..0.5 (v_th is 1), tau_m 5..50 ms, tau_syn 5..200 ms.
"""

from brian2 import Hz, ms

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1     # membrane potential, in units of the threshold
dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
rho = rho_th*exp((v - v_th)/delta) : Hz      # rate of spikes
draw : integer                               # random numbers used up in this stimulus epoch
"""
on_step = "draw += 1"
threshold = "uniform(seed, presentation, draw, channel) < 1 - exp(-rho*dt)"
reset = "v = 0"
on_pre = "I_syn_post += w"
surrogate = "rho*dt/(1 + rho*dt)"  # pseudo-derivative, for rules that ask for one
initial = {"draw": 0}
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
parameters = {"tau_m": 20 * ms, "tau_syn": 100 * ms, "v_th": 1.0, "rho_th": 100 * Hz, "delta": 0.1}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
0 < v_th <= 1e6
0*Hz < rho_th <= 1e6*Hz
1e-3 <= delta <= 1e6
"""
