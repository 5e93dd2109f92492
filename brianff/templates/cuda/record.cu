{# Values of variables at this tick of the clock, each into a row of its array, and the flags of neurons that spike. #}
{# brian2cuda passes the time of a clock with a time step by value, and knows nothing of other clocks: the row does. #}
{# USES_VARIABLES { N } #}
{% extends 'batch_group.cu' %}
{% from 'kernels.cu' import kernel_head, launch_kernel %}

{% block kernels %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines, 'const int64_t _row')}}
    const size_t _idx = blockIdx.x*blockDim.x + threadIdx.x;
    if (_idx >= {{n_recorded}} || _row >= {{n_rows}}{% if wanted %} || !{{get_array_name(variables[wanted])}}[0]{% endif %})
        return;
    const size_t _vectorisation_idx = _idx;
    const size_t _place = _row*{{n_recorded}} + _idx;
    {% if spikes %}
    const size_t _entry = _idx/{{_n_neurons}}, _k = _idx % {{_n_neurons}};
    {{spiked}}[_place] = {{_fired}}[_entry*{{(_n_neurons + 31)//32}} + _k/32] >> (_k % 32) & 1;
    {% endif %}
    {{scalar_code|autoindent}}
    {
        {{vector_code|autoindent}}
        {% for variable in recorded %}
        {{get_array_name(variables[variable])}}[_place] = _to_record_{{variable}};
        {% endfor %}
    }
}
{% endblock %}

{% block launch %}
{{launch_kernel(codeobj_name, (n_recorded + 255)//256, 256, false, owner.clock.name ~ '.timestep[0]')}}
{% endblock %}
