{# For each spike: on_pre code for all that the source neuron reaches. #}
{# A thread owns a target neuron and goes through the spikes in its field in the order of their neurons: no atomic #}
{# additions, and sums that are the same in every run and on the CPU. #}
{% extends 'batch_group.cu' %}
{% from 'convolution_parts.cu' import field, places %}
{% from 'kernels.cu' import kernel_head %}
{% from 'spiked.cu' import bits, into_ring, list_of_spikes %}

{% block kernels %}
{% set n_words = (_n_pre + 31)//32 %}
{% set code = split(vector_code, ['_postsynaptic_idx', '_entry_idx']) %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {% if not _has_fired %}
    {{list_of_spikes(_n_spiking, _delay_steps, _has_since, _spikespace, _ring, _since, t_in_timesteps)}}
    {% endif %}
    {{places(_convolution)}}
    const size_t _entry_idx = blockIdx.y;
    const size_t _col = blockIdx.x*blockDim.x + threadIdx.x;
    __shared__ unsigned int _spiked[{{n_words}}];
    const int _first = 0, _words = {{n_words}};
    {{bits(_n_pre, n_words, _has_fired, _fired)}}
    if (!__syncthreads_or(_any) || _col >= {{_n_post}})
        return;
    const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
    {{code.before|autoindent}}
    {{field(_convolution, code.inside, True)}}
    {{code.after|autoindent}}
}
{% endblock %}

{% block launch %}
{% set threads = [32*((_n_post + 31)//32), 128]|min %}
    {% if _delay_steps %}
    {{into_ring(_n_spiking, _delay_steps, get_array_name(variables['_spikespace'], access_data=False), get_array_name(variables['_ring'], access_data=False), owner.clock.name)}}
    {% endif %}
    _run_kernel_{{codeobj_name}}<<<dim3({{(_n_post + threads - 1)//threads}}, {{_batch}}), {{threads}}>>>(
            %HOST_PARAMETERS%
        );
    CUDA_CHECK_ERROR("_run_kernel_{{codeobj_name}}");
{% endblock %}
