{# The end of a function before its end: the time it took counts in Brian2's profile all the same. #}
{% macro leave() %}
        {% if profiled %}
        {{codeobj_name}}_profiling_info += std::chrono::duration_cast<std::chrono::nanoseconds>(
            std::chrono::high_resolution_clock::now() - _start_time);
        {% endif %}
        return;
{%- endmacro %}
{# Whether an update is due, and what follows it: _due, _then_due; returns from the function where nothing is. #}
{% macro when_due(scalar, has_condition, has_then, has_then_condition) %}
    bool _due = true;
    {% if has_condition %}
    {
        {{scalar['condition']|autoindent}}
        _due = _update_now;
    }
    {% endif %}
    {% if has_then %}
    bool _then_due = _due;
    {% if has_then_condition %}
    {
        {{scalar['then_condition']|autoindent}}
        _then_due = _then_now;
    }
    {% endif %}
    if (!_due && !_then_due)
    {
        {{leave()}}
    }
    {% else %}
    if (!_due)
    {
        {{leave()}}
    }
    {% endif %}
{%- endmacro %}
