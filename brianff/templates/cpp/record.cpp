{# Values of variables at this tick of the clock, each into a row of its file, of the entries of this process. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}
{% from 'processes.cpp' import own_entries with context %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    const size_t _row = {{get_array_name(variables['_tick'])}}[0];
    if (_row < {{n_rows}}{% if wanted %} && {{get_array_name(variables[wanted])}}[0]{% endif %})
    {
        {% for variable in recorded %}
        {% set type = c_data_type(variables['_to_record_' ~ variable].dtype) %}
        static {{type}}* const _record_{{variable}} = ({{type}}*)brianff::room(
            brian::results_dir + "{{owner.name}}.{{variable}}", {{n_rows*n_recorded}}*sizeof({{type}}));
        {% endfor %}
        {{own_entries()}}
        for (size_t _idx = _entry_idx*{{_n_neurons}}; _idx < (_entry_idx + 1)*{{_n_neurons}}; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
            {% for variable in recorded %}
            _record_{{variable}}[_row*{{n_recorded}} + _idx] = _to_record_{{variable}};
            {% endfor %}
        }
    }
{% endblock %}
