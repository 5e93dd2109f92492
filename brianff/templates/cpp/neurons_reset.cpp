{# Statements at a spike. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    const int32_t _num_events = {{_eventspace}}[N];
    for (int32_t _event = 0; _event < _num_events; _event++)
    {
        const size_t _idx = {{_eventspace}}[_event];
        const size_t _vectorisation_idx = _idx;
        const size_t _entry_idx = _idx / {{_n_neurons}};
        {{vector_code|autoindent}}
    }
{% endblock %}
