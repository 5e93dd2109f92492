"""Online pseudo-zeroth-order feedback, OPZO (Xiao et al. 2024, arXiv 2407.12516): feedback learnt from injected noise.

Every sample is presented twice, with phase -1 and then +1.  In the first presentation the spikes of hidden neuron h are
scaled by 1 + sigma v_h; the difference that this makes to the output's spike counts, times v_h, estimates the forward
weights with a finite step, where SFDFA's spikes carry the derivative:

    F = lambda F + (1 - lambda) mean((n_perturbed - n) v/sigma)
"""

neuron = """
noise : 1                                    # v, standard normal; 0 at the output
n_perturbed : 1                              # spikes in the perturbed presentation
"""
perturbation = "sigma*noise"
remember = "n_perturbed = n_spikes"
hidden_at_epoch_start = """
u1 = uniform(seed, presentation, 1, channel)
u2 = uniform(seed, presentation, 2, channel)
noise = sqrt(-2*log(u1))*cos(2*pi*u2)
"""
on_pre = """
A_post += w*perturbation_pre
B_post += w*perturbation_pre
"""
synapse = """
F : 1                                        # feedback weight, from an output to a hidden neuron
dF : 1                                       # sum of estimates since the last update
"""
initial_limit = {"F": "F_range"}
at_epoch_end = """
delta_post += F*delta_pre
dF += (n_perturbed_pre - n_spikes_pre)*noise_post/sigma
"""
at_update = """
F += (1 - lam)*(dF/samples_per_update_layer - F)
dF = 0
"""
parameters = {"sigma": 0.3, "lam": 0.99, "F_range": 0.0}
limits = """
1e-6 <= sigma <= 1000
0 <= lam <= 1
0 <= F_range <= 1000
"""
