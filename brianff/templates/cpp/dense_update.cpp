{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{# Code on the whole matrix, for each batch entry where it names neurons; rows without presynaptic activity skipped. #}
{% extends 'common_group.cpp' %}
{% from 'dense_indices.cpp' import indices %}
{% block maincode %}
    {% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
    {% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {% if has_condition %}
    {
        {{scalar['condition']|autoindent}}
        if (!_update_now)
            return;
    }
    {% endif %}
    {{scalar['update']|autoindent}}
    {% if has_rows %}
    {{scalar['rows']|autoindent}}
    {% endif %}

    for (size_t _row = 0; _row < {{n_pre}}; _row++)
    {
        {% if per_entry %}
        for (size_t _entry_idx = 0; _entry_idx < {{batch}}; _entry_idx++)
        {
            const size_t _presynaptic_idx = _entry_idx*{{n_pre}} + _row;
            const size_t _target = _entry_idx*{{n_post}};
            {% if has_rows %}
            {
                const size_t _idx = _row*{{n_post}};
                {{vector['rows']|autoindent}}
                if (!_row_active)
                    continue;
            }
            {% endif %}
        {% else %}
        {
            const size_t _entry_idx = 0;
        {% endif %}
            #pragma GCC ivdep
            for (size_t _col = 0; _col < {{n_post}}; _col++)
            {
                {% if per_entry %}
                const size_t _postsynaptic_idx = _target + _col;
                {% endif %}
                {{indices(n_pre, n_post)}}
                {{vector['update']|autoindent}}
            }
        }
    }
{% endblock %}
