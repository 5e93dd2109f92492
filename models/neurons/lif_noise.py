"""Leaky integrate-and-fire neuron with an Ornstein-Uhlenbeck noise current (Gerstner et al. 2014, ch. 8).

    tau_m dv/dt = I + I_noise - v,    dI_noise = -I_noise dt/tau_noise + sigma sqrt(2/tau_noise) dW

I_noise is stationary from the start of a stimulus epoch: mean 0, standard deviation sigma, autocorrelation
sigma^2 exp(-|s|/tau_noise).  It is updated exactly, for every length of the time step, with normal random numbers
(Box-Muller) of the counter-based generator, the same on every device.

Ranges: sigma 0..1 (the threshold is 1), tau_noise 1..100 ms, tau_m 10..40 ms.
"""

from brian2 import ms

equations = """
dv/dt = (gain_below*I_syn + I_noise - v)/tau_m : 1    # membrane potential, in units of the threshold
dI_syn/dt = -I_syn/tau_syn : 1                        # synaptic current
I_noise : 1                                           # noise current, constant within a time step
draw : integer                                        # random numbers used up in this stimulus epoch
"""
on_step = """
radius = sqrt(-2*log(uniform(seed, presentation, draw, channel)))
angle = 2*pi*uniform(seed, presentation, draw + 1, channel)
decay = exp(-dt/tau_noise)
I_noise = decay*I_noise + sigma*sqrt(1 - decay**2)*radius*cos(angle)
draw += 2
"""
threshold = "v > v_th"
reset = "v -= v_th"
on_pre = "I_syn_post += w"
surrogate = "1/(1 + abs(v - v_th)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {
    "I_noise": "sigma*sqrt(-2*log(uniform(seed, presentation, 0, channel)))"
    "*cos(2*pi*uniform(seed, presentation, 1, channel))",
    "draw": 2,
}
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
parameters = {"tau_m": 20 * ms, "tau_syn": 100 * ms, "tau_noise": 10 * ms, "sigma": 0.2, "v_th": 1.0, "width": 0.5}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
1*us <= tau_noise <= 1000*second
0 <= sigma <= 1e6
0 < v_th <= 1e6
0 < width <= 1e6
"""
