{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{# Code on the whole matrix, for each batch entry where it names neurons; rows without presynaptic activity skipped. #}
{# Then, row by row while the row is in the cache, code that runs once for each synapse. #}
{% extends 'common_group.cpp' %}
{% from 'conditions.cpp' import leave, when_due with context %}
{% from 'dense_indices.cpp' import indices %}
{% from 'processes.cpp' import alone, entries, rows_in_turn, together with context %}

{% block maincode %}
    {% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
    {% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{when_due(scalar, _has_condition, _has_then, _has_then_condition)}}

    {# Each piece of code has scalars of its own, under the same names: a function for each that captures them. #}
    auto _make_update = [&]()
    {
        {{scalar['update']|autoindent}}
        {% if _has_rows %}
        {{scalar['rows']|autoindent}}
        {% endif %}
        return [=](size_t _row)
        {
        {% if _per_entry %}
            size_t _active[{{_batch}}];
            size_t _n_active = 0;
            {{entries(_shared_out)}}
            {
                {% if _has_rows %}
                const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
                const size_t _idx = _row*{{_n_post}};
                {{vector['rows']|autoindent}}
                _active[_n_active] = _entry_idx;
                _n_active += _row_active;
                {% else %}
                _active[_n_active++] = _entry_idx;
                {% endif %}
            }
            for (size_t _a = 0; _a < _n_active; _a++)
            {
                const size_t _entry_idx = _active[_a];
                const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
                const size_t _target = _entry_idx*{{_n_post}};
                #pragma GCC ivdep
                for (size_t _col = 0; _col < {{_n_post}}; _col++)
                {
                    const size_t _postsynaptic_idx = _target + _col;
                    {{indices(_n_pre, _n_post)}}
                    {% if _partial %}
                    if (!{{_present}}[_idx])
                        continue;
                    {% endif %}
                    {{vector['update']|autoindent}}
                }
            }
        {% else %}
            const size_t _entry_idx = 0;
            #pragma GCC ivdep
            for (size_t _col = 0; _col < {{_n_post}}; _col++)
            {
                {{indices(_n_pre, _n_post)}}
                {% if _partial %}
                if (!{{_present}}[_idx])
                    continue;
                {% endif %}
                {{vector['update']|autoindent}}
            }
        {% endif %}
        };
    };
    {% if _has_then %}
    auto _make_then = [&]()
    {
        {{scalar['then']|autoindent}}
        return [=](size_t _row)
        {
            const size_t _entry_idx = 0;
            #pragma GCC ivdep
            for (size_t _col = 0; _col < {{_n_post}}; _col++)
            {
                {{indices(_n_pre, _n_post)}}
                {% if _partial %}
                if (!{{_present}}[_idx])
                    continue;
                {% endif %}
                {{vector['then']|autoindent}}
            }
        };
    };
    if (_due && _then_due)
    {
        const auto _update_row = _make_update();
        const auto _then_row = _make_then();
        {{together(_shared_out)}}
        {{alone(_shared_out)}}
        {{rows_in_turn(_shared_out)}}
        {
            _update_row(_row);
            _then_row(_row);
        }
        {{together(_shared_out)}}
        {{leave()}}
    }
    if (_then_due)
    {
        const auto _then_row = _make_then();
        {{together(_shared_out)}}
        {{alone(_shared_out)}}
        {{rows_in_turn(_shared_out)}}
            _then_row(_row);
        {{together(_shared_out)}}
        {{leave()}}
    }
    {% endif %}
    const auto _update_row = _make_update();
    {{together(_shared_out)}}
    {{alone(_shared_out)}}
    {{rows_in_turn(_shared_out)}}
        _update_row(_row);
    {{together(_shared_out)}}
{% endblock %}
