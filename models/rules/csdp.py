"""Contrastive signal-dependent plasticity, CSDP (Ororbia 2024, Sci. Adv. 10:eadn6076), at every presynaptic spike.

    presynaptic spike:  w += learning_rate*eta*M(t)*x_post,  clipped to [-w_max, w_max]
    M(t) = s*beta*sigmoid(-s*beta*(g(t) - theta))

x is the postsynaptic trace and M*x the derivative of the contrastive loss by it, in every time step of which the paper
updates weights with the product of this and the presynaptic spikes: nothing changes where there are none.  The paper's
trace is set to 1 by a spike and decays with 13 ms (goodness nearest_spike); its neurons have an adaptive threshold and
lateral inhibition (neuron lif_competitive).

Ranges: eta, which brings the usual learning rates to the size of a change at one spike, 1..100; w_max 1 in the paper.
"""

layer = "M = phase*beta/(1 + exp(phase*beta*(g - theta))) : 1 (constant over dt)   # modulator"
on_pre = """
change = learning_rate_layer*eta*M_layer*derivative_post
w = clip(w + int(plastic)*change, -w_max, w_max)
"""
parameters = {"beta": 3.0, "theta": 1.0, "eta": 1.0, "w_max": 1.0}
