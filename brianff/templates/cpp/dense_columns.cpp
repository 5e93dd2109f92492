{# Code on the columns of the matrix whose target neuron meets a condition, for each batch entry that it names. #}
{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% from 'conditions.cpp' import leave with context %}
{% from 'dense_indices.cpp' import indices %}
{% from 'processes.cpp' import alone, entries, rows, together with context %}

{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {% if _has_condition %}
    {
        {{scalar_code['condition']|autoindent}}
        if (!_update_now)
        {
            {{leave()}}
        }
    }
    {% endif %}
    {# Each piece of code has scalars of its own, under the same names: a function for each that captures them. #}
    auto _make_active = [&]()
    {
        {{scalar_code['columns']|autoindent}}
        return [=](size_t _entry_idx, size_t _col)
        {
            const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
            const size_t _idx = _col;
            const size_t _vectorisation_idx = _idx;
            {{vector_code['columns']|autoindent}}
            return _column_active;
        };
    };
    auto _make_update = [&]()
    {
        {{scalar_code['update']|autoindent}}
        return [=](size_t _entry_idx, size_t _col)
        {
            const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
            #pragma GCC ivdep
            {{rows(_shared_out)}}
            {
                const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
                {{indices(_n_pre, _n_post)}}
                {% if _partial %}
                if (!{{_present}}[_idx])
                    continue;
                {% endif %}
                {{vector_code['update']|autoindent}}
            }
        };
    };
    const auto _active = _make_active();
    const auto _update = _make_update();
    {{together(_shared_out)}}
    {{alone(_shared_out)}}
    {{entries(_shared_out)}}
        for (size_t _col = 0; _col < {{_n_post}}; _col++)
            if (_active(_entry_idx, _col))
                _update(_entry_idx, _col);
    {{together(_shared_out)}}
{% endblock %}
