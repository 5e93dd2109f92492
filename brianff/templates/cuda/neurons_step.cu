{# State update and threshold of a layer. #}
{# Spikes are kept as one bit a neuron (`_fired`), in order, for the dense synapses and the reset, and, where `listed`, #}
{# as brian2cuda's list of events, in no particular order and filled up with -1, for monitors and ordinary synapses. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{# Brian2 integrates with variables that have an underscore before a user's name: names here have more. #}
{% extends 'batch_group.cu' %}
{% from 'kernels.cu' import kernel_head, commit, launch_neurons %}

{% block kernels %}
{% set _eventspace = get_array_name(eventspace_variable) %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    const size_t _entry_idx = blockIdx.y;
    const int _brianff_k = blockIdx.x*blockDim.x + threadIdx.x;
    const size_t _idx = _entry_idx*{{_n_neurons}} + _brianff_k;
    bool _brianff_spikes = false;
    if (_brianff_k < {{_n_neurons}})
    {
        const size_t _vectorisation_idx = _idx;
        // scalar code
        {{without_writes(scalar_code)|autoindent}}
        {
            {{after_scalars(vector_code, scalar_code)|autoindent}}
            _brianff_spikes = _cond;
        }
        {% if _uses_refractory %}
        if (_brianff_spikes)
        {
            {{not_refractory}}[_idx] = false;
            {{lastspike}}[_idx] = {{t}};
        }
        {% endif %}
    }
    // all threads of the warp take part, those behind the last neuron too
    const unsigned int _brianff_bits = __ballot_sync(0xffffffffu, _brianff_spikes);
    const int _brianff_lane = threadIdx.x % 32;
    if (_brianff_lane == 0 && _brianff_k < {{_n_neurons}})
        {{_fired}}[_entry_idx*{{(_n_neurons + 31)//32}} + _brianff_k/32] = (int32_t)_brianff_bits;
    {% if _listed %}
    if (_brianff_bits)
    {
        int _brianff_place = 0;
        if (_brianff_lane == 0)
            _brianff_place = atomicAdd(&{{_eventspace}}[{{_batch*_n_neurons}}], __popc(_brianff_bits));
        _brianff_place = __shfl_sync(0xffffffffu, _brianff_place, 0);
        if (_brianff_spikes)
            {{_eventspace}}[_brianff_place + __popc(_brianff_bits & ((1u << _brianff_lane) - 1))] = (int32_t)_idx;
    }
    {% endif %}
}
{% if writes(scalar_code) %}
{{commit(codeobj_name, kernel_lines, scalar_code)}}
{% endif %}
{% endblock %}

{% block launch %}
{% set _eventspace = get_array_name(eventspace_variable, access_data=False) %}
    {% if _listed %}
    int32_t* _brianff_events = dev{{_eventspace}}[current_idx{{_eventspace}}];
    CUDA_SAFE_CALL(cudaMemsetAsync(_brianff_events, 0xff, sizeof(int32_t)*{{_batch*_n_neurons}}));
    CUDA_SAFE_CALL(cudaMemsetAsync(_brianff_events + {{_batch*_n_neurons}}, 0, sizeof(int32_t)));
    {% endif %}
{{launch_neurons(codeobj_name, _n_neurons, _batch, writes(scalar_code))}}
{% endblock %}
