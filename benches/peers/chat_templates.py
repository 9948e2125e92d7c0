"""What transformers renders of chat templates: writes crates/secateurs-runtime/tests/golden/chat_templates.json.

    python3 benches/peers/chat_templates.py          (transformers 5.24, jinja2 3.1)

The templates are written anew in the ways of models that people use; conversations are such as these models meet. Snippets
below them are single rules of Jinja and Python. An expected value of null means that transformers fails as well.
"""

import json
import pathlib

import transformers
from transformers.utils.chat_template_utils import render_jinja_template

GOLDEN = pathlib.Path(__file__).parents[2] / "crates/secateurs-runtime/tests/golden/chat_templates.json"
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}

USER = [{"role": "user", "content": "  What is 2 < 3 & \"x\"?\nGrün "}]
BRIEF = [{"role": "system", "content": "You are brief."}, *USER]
TURNS = [*BRIEF, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes."}, {"role": "user", "content": "Why?"}]
WEATHER = {"type": "function", "function": {"name": "weather", "description": "Weather of <a city>", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "description": "Its name"}, "days": {"type": "integer", "enum": [1, 3]}},
    "required": ["city"]}}}
PLAIN = {"type": "function", "function": {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}}}
CALLS = [*USER, {"role": "assistant", "content": None, "tool_calls": [
    {"type": "function", "id": "abc123def", "function": {"name": "weather", "arguments": {"city": "Köln", "days": 3, "warm": True, "wind": 1.0, "rain": None}}}]},
    {"role": "tool", "name": "weather", "tool_call_id": "abc123def", "content": "{\"t\": 7}"}]
DOCUMENTS = [{"title": "Pruning", "text": "Cut <here>."}, {"title": "Grafting", "text": "Bind\nthere."}]
PARTS = [{"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image"}, {"type": "text", "text": " here"}]}]

CONVERSATIONS = {
    "user": dict(messages=USER),
    "system": dict(messages=BRIEF),
    "turns": dict(messages=TURNS),
    "no prompt": dict(messages=TURNS, add_generation_prompt=False),
    "tools": dict(messages=BRIEF, tools=[WEATHER, PLAIN]),
    "calls": dict(messages=CALLS, tools=[WEATHER]),
    "documents": dict(messages=USER, documents=DOCUMENTS),
    "parts": dict(messages=PARTS),
    "two users": dict(messages=[*USER, *USER]),
    "thinking": dict(messages=TURNS, enable_thinking=False),
}

TEMPLATES = {
"inst": """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}""",
"headers": """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}""",
"headers with tools": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message comes first. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if builtin_tools is defined or tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n"}}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}

{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("Cannot put tools in the first user message when there's no first user message!") }}
    {%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {{- "Given the following functions, answer.\\n\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
"inst with tools": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- else %}
                {{- "]" + eos_token }}
            {%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + ", " }}
        {{- '"call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported!") }}
    {%- endif %}
{%- endfor %}
""",
"bars": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
"chatml": """{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
"chatml with default": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
Be helpful.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}""",
"chatml with tools": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are helpful.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools>\\n\\n<tool_call>\\n{\\"name\\": <function-name>, \\"arguments\\": <args-json-object>}\\n</tool_call><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are helpful.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
"chatml that thinks": """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
"turns": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}""",
"turns with parts": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\n'}}
{%- endif -%}
""",
"ends": """{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}""",
"wide bars": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='', is_first_sp=true) %}{%- for message in messages %}{%- if message['role'] == 'system' %}{%- if ns.is_first_sp %}{% set ns.system_prompt = ns.system_prompt + message['content'] %}{% set ns.is_first_sp = false %}{%- else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + message['content'] %}{%- endif %}{%- endif %}{%- endfor %}{{ bos_token }}{{ ns.system_prompt }}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and 'tool_calls' in message %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls'] %}{%- if not ns.is_first %}{{'<｜calls｜>' + tool['type'] + '<｜sep｜>' + tool['function']['name'] + '\\n' + '```json' + '\\n' + tool['function']['arguments']|tojson + '\\n' + '```'}}{%- set ns.is_first = true -%}{%- else %}{{'\\n' + tool['type']}}{%- endif %}{%- endfor %}{{'<｜calls▁end｜>'}}{%- endif %}{%- if message['role'] == 'assistant' and 'tool_calls' not in message %}{%- if ns.is_tool %}{{'<｜outputs｜>' + message['content']}}{%- set ns.is_tool = false -%}{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜end｜>'}}{%- endif %}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{%- if ns.is_output_first %}{{'<｜outputs｜><｜output｜>' + message['content'] + '<｜output▁end｜>'}}{%- set ns.is_output_first = false %}{%- else %}{{'\\n<｜output｜>' + message['content']}}{%- endif %}{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<｜outputs▁end｜>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜><think>\\n'}}{% endif %}""",
"python types": """{%- macro json_to_python_type(json_spec) %}
{%- set basic_type_map = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
{%- if basic_type_map[json_spec.type] is defined %}
    {{- basic_type_map[json_spec.type] }}
{%- elif json_spec.type == "array" %}
    {{- "List[" + json_to_python_type(json_spec.items) + "]"}}
{%- elif json_spec.type is iterable %}
    {{- "Union[" }}
    {%- for t in json_spec.type %}
      {{- json_to_python_type({"type": t}) }}
      {%- if not loop.last %}{{- "," }}{%- endif %}
    {%- endfor %}
    {{- "]" }}
{%- else %}
    {{- "Any" }}
{%- endif %}
{%- endmacro %}
{%- macro old_tool_parser(tools) %}
{%- for tool in tools %}
    {%- if loop.index0 != 0 %}
        {{- '\\n\\n' }}
    {%- endif %}
    {{- '```python\\ndef ' + tool.function.name + '(' }}
    {%- for param_name, param_fields in tool.function.parameters.properties|items %}
        {%- if loop.index0 != 0 %}{{- ', ' }}{%- endif %}
        {{- param_name + ": " }}
        {%- if not (param_name in (tool.function.parameters.required or [])) %}
            {{- 'Optional[' + json_to_python_type(param_fields) + '] = None'}}
        {%- else %}
            {{- json_to_python_type(param_fields) }}
        {%- endif %}
    {%- endfor %}
    {{- ') -> List[Dict]:\\n    \\"\\"\\"'}}
    {{- tool.function.description }}
    {%- if tool.function.parameters.properties|length != 0 %}
        {{- '\\n\\n    Args:\\n        '}}
        {%- for param_name, param_fields in tool.function.parameters.properties|items %}
            {%- if loop.index0 != 0 %}{{- '\\n        ' }}{%- endif %}
            {{- param_name + ' (' + json_to_python_type(param_fields) + '): ' + (param_fields.description or 'any') }}
        {%- endfor %}
    {%- endif %}
    {{- '\\n    \\"\\"\\"\\n    pass\\n```' }}
{%- endfor %}
{%- endmacro %}
{{- bos_token }}{% for m in messages if m.role != 'tool' and not m.tool_calls %}<|{{ m.role|upper }}|>{{ m.content }}{% endfor %}{% if tools %}{{ old_tool_parser(tools) }}{% endif %}""",
"documents": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = '## Task' %}{% endif %}{{ '<|SYSTEM|>' + system_message }}{% if documents %}{{ '<results>' }}{% for document in documents %}{{ '\n' }}{{ 'Document: ' }}{{ loop.index0 }}{{ '\n' }}{% for key, value in document.items() %}{{ key }}: {{ value }}{{ '\n' }}{% endfor %}{% endfor %}{{ '</results>' }}{% endif %}{% for message in loop_messages %}{% set content = message['content'] %}{% if message['role'] == 'user' %}{{ '<|USER|>' + content.strip() }}{% elif message['role'] == 'assistant' and content %}{{ '<|CHATBOT|>'  + content.strip() }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|CHATBOT|>' }}{% endif %}""",
"documents with titles": """{%- if tools is none and documents is none %}nothing
{% endif %}
{%- if documents %}
    {%- for document in documents %}
<doc id="{{ loop.index }}" title="{{ document.title | default('none') }}">
{{ document['text'] | indent(2) }}
</doc>
    {%- endfor %}
{%- endif %}
{% for m in messages %}{{ m.role }}: {{ m.content | replace('\n', ' ') }}
{% endfor %}""",
"modes": """{%- set defaults = {'mode': 'think', 'day': '1 May 2025'} -%}
{%- set ns = namespace(mode='think' if enable_thinking | default(true) else 'no_think') -%}
{%- if messages[0].role == "system" -%}
  {%- set system_message = messages[0].content -%}
  {%- if "/no_think" in system_message -%}{%- set ns.mode = "/no_think" -%}{%- endif -%}
  {%- set custom = system_message.replace("/no_think", "").replace("/think", "").rstrip() -%}
{%- endif -%}
<|im_start|>system
{{ "## Metadata\n\n" }}{{ "Mode: " ~ ns.mode ~ "\nDay: " ~ defaults.day ~ "\n\n" }}
{%- if custom -%}{{ custom + "\n\n" }}{%- endif -%}
<|im_end|>
{% for message in messages -%}
    {%- set content = message.content if message.content is string else "" -%}
    {%- if message.role == "user" -%}
        {{ "<|im_start|>" + message.role + "\n"  + content + "<|im_end|>\n" }}
    {%- elif message.role == "assistant" -%}
        {% generation %}
        {{ "<|im_start|>assistant\n" + content.lstrip("\n") + "<|im_end|>\n" }}
        {% endgeneration %}
    {%- endif -%}
{%- endfor -%}
{% if add_generation_prompt %}{{ "<|im_start|>assistant\n" }}{% if ns.mode != "think" %}{{ "<think>\n\n</think>\n" }}{% endif %}{% endif %}""",
"lines": """{{ bos_token }}{% for message in messages %}
{% if message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] }}
{% elif message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] }}
{% elif message['role'] == 'assistant' %}
{% if not loop.last %}
{{ '<|assistant|>
' + message['content'] + eos_token }}
{% else %}
{{ '<|assistant|>
' + message['content'] + eos_token }}
{% endif %}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>
' }}{% endif %}{% endfor %}""",
"roles": """{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set system_message = "Knowledge Cutoff Date: April 2024.\\nYou are careful." %}
    {%- if tools and documents %}
        {%- set system_message = system_message + " Both." %}
    {%- elif tools %}
        {%- set system_message = system_message + " Tools." %}
    {%- elif documents %}
        {%- set system_message = system_message + " Documents." %}
    {%- endif %}
    {%- if controls and 'citations' in controls and documents %}
        {{- '\\n\\nIn your response, use the symbols <co> and </co>.' -}}
    {%- endif %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- '<|start_of_role|>system<|end_of_role|>' + system_message + '<|end_of_text|>\\n' }}
{%- if tools %}
    {{- '<|start_of_role|>tools<|end_of_role|>' }}
    {{- tools | tojson(indent=4) }}
    {{- '<|end_of_text|>\\n' }}
{%- endif %}
{%- if documents %}
    {{- '<|start_of_role|>documents<|end_of_role|>' }}
    {%- for document in documents %}
        {{- 'Document ' + loop.index0 | string + '\\n' }}
        {{- document['text'] }}
        {%- if not loop.last %}
            {{- '\\n\\n'}}
        {%- endif%}
    {%- endfor %}
    {{- '<|end_of_text|>\\n' }}
{%- endif %}
{%- for message in loop_messages %}
    {{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content']|default('', true) + '<|end_of_text|>\\n' }}
    {%- if loop.last and add_generation_prompt %}
            {{- '<|start_of_role|>assistant' }}
            {%- if controls %}
                {{- ' ' + controls | tojson()}}
            {%- endif %}
            {{- '<|end_of_role|>' }}
    {%- endif %}
{%- endfor %}""",
}

MODELS = dict(TEMPLATES)
SNIPPETS = [
    "{{ none }} {{ true }} {{ 1.0 }} {{ 1e20 }} {{ 1e-5 }} {{ 1 / 3 }} {{ [1, 'a', none, {'b': 2.5}] }} {{ (1,) }} {{ () }} {{ \"it's\" }} {{ [\"it's\", 'q\"', 'a\\n'] }}",
    "{{ 'a' ~ true ~ none ~ 1.0 ~ [1] }} {{ 'a' + 'b' }} {{ 'ab' * 3 }} {{ [1] + [2] }} {{ (1,) + (2,) }}",
    "{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 // 2.0 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 5.5 % -2 }} {{ 0.1 + 0.2 }} {{ 4 / 2 }}",
    "{{ '%s: %d' % ('n', 3) }} {{ '%5.1f|%-5s|%05d|%+d|%x|%%|%r' % (2.25, 'ab', 42, 3, 255, 'q') }} {{ '%(a)s' % {'a': none} }} {{ '%s' % [1] }}",
    "{{ '{}-{}'.format(1, none) }} {{ '{0}{1}{0}'.format('a', 'b') }} {{ '{x:>5}|{y:05.2f}|{z:,}|{x!r}'.format(x='a', y=3.14159, z=1234567) }}",
    "{{ 'a.b.c'.rsplit('.', 1) }} {{ ' a  b '.split() }} {{ ' a  b c '.split(none, 1) }} {{ ' a b '.rsplit(none, 1) }} {{ 'a,b'.split(',', 0) }} {{ 'a\\nb\\r\\nc'.splitlines() }}",
    "{{ 'xxaxx'.strip('x') }} {{ 'abc'.startswith(('z', 'a')) }} {{ 'aXb'.lower().title() }} {{ 'hello wORLD'.capitalize() }} {{ \"they're o-k\".title() }} {{ \"they're o-k\" | title }} {{ '-7'.zfill(4) }} {{ 'ab'.center(5, '*') }} {{ 'banana'.find('an') }}{{ 'banana'.count('an') }}{{ 'banana'.rfind('an') }} {{ 'a-b-c'.partition('-') }} {{ 'ab'.removeprefix('a') }} {{ '-'.join(['a', 'b']) }} {{ 'banana'.replace('a', 'o', 2) }}",
    "{{ {'b': 1, 'a': none} | tojson }} {{ {'b': 1, 'a': [1.0, true]} | tojson(indent=2) }} {{ {'b': 1, 'a': 'é<'} | tojson(ensure_ascii=True, sort_keys=true, separators=(',', ':')) }} {{ 'a\\u2028\\x7f\\x01\"' | tojson }} {{ [] | tojson(indent=1) }} {{ (1, 2) | tojson }}",
    "{% set ns = namespace(n=0, seen=[]) %}{% for x in [3, 1, 2] %}{% set ns.n = ns.n + x %}{% set ns.seen = ns.seen + [x] %}{% set y = x %}{% endfor %}{{ ns.n }}{{ ns.seen }}{{ y is defined }}{{ ns.none }}",
    "{% for x in [3, 1, 2] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }};{% endfor %}",
    "{% for x in [3, 1, 2, 5] %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% else %}none{% endfor %}{% for x in missing %}{% else %}none{% endfor %}",
    "{% for x in [1, 2, 3] if x > 1 %}{{ loop.index }}/{{ loop.length }}{{ ', ' if not loop.last }}{% endfor %} {% for k, v in {'b': 1, 'a': 2}.items() %}{{ k }}{{ v }}{% endfor %} {% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}",
    "{% macro m(a, b='z', c=none) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m('<', c=2) }}{{ m(1) | length }}{{ m('a') + 'b' }}",
    "{% macro outer() %}({{ caller() }}){% endmacro %}{% call outer() %}x{% endcall %} {% filter upper %}abc{% endfilter %} {% set x %}  y{% endset %}{{ x | length }} {% with a = 1 %}{{ a }}{% endwith %}{{ a }}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{% for i in [1] %}{% set x = 3 %}{% endfor %}{{ x }} {% generation %}{% set x = 4 %}{{ x }}{% endgeneration %}{{ x }}",
    "{{ 'a' is string }}{{ {} is mapping }}{{ [] is iterable }}{{ {} is sequence }}{{ none is none }}{{ true is boolean }}{{ true is number }}{{ true is integer }}{{ 1 is integer }}{{ 1.0 is float }}{{ missing is iterable }}{{ 3 is odd }}{{ 'a' is in ['a'] }}{{ 1 is eq 1.0 }}{{ missing is undefined }}{{ none is defined }}{{ missing is none }}",
    "{{ missing }}|{{ missing | default('d') }}|{{ '' | default('d') }}|{{ '' | default('d', true) }}|{{ missing ~ 'a' }}|{{ missing | length }}|{{ missing == none }}|{{ messages[9] }}|{{ messages[0].nothing }}|{{ none.a }}",
    "{{ missing.a }}", "{{ messages[0].nothing.more }}", "{{ missing + 'a' }}", "{{ 1 + 'a' }}", "{{ 'a' < 1 }}", "{{ none | length }}", "{{ 'a' in none }}", "{% for x in none %}{% endfor %}", "{{ [].append(1) }}", "{{ 'a'.nothing() }}", "{{ ', '.join([1]) }}", "{{ '%d' % 'a' }}", "{{ '%s %s' % 'a' }}", "{{ messages | map(attribute='role') | length }}", "{{ missing | tojson }}", "{{ raise_exception('no') }}", "{{ 1 / 0 }}", "{% do [] %}", "{{ nothing() }}", "{{ 'a' | nothing }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{% if messages | selectattr('role', 'equalto', 'nobody') %}yes{% endif %} {{ messages | map(attribute='role') | join(' ') }} {{ ['b', 'A', 'c'] | sort | map('upper') | list }} {{ [3, 1, 2] | sort(reverse=true) }} {{ [1, 1, 2] | unique | list }} {{ [1, none] | reject('none') | list }} {{ [1, 2, 3] | select('gt', 1) | list }} {{ [1, 2] | sum }}{{ [1, 2] | max }}{{ [1, 2] | first }}{{ [1, 2] | last }} {{ 'abc' | reverse }} {{ [1, 2] | reverse | list }}",
    "{% set users = messages | selectattr('role', 'equalto', 'user') %}{% for m in users %}{{ m.role }}{% endfor %}{% for m in users %}{{ m.role }}{% endfor %}",
    "{{ '7' | int + 1 }} {{ 'x' | int }} {{ 'x' | int(5) }} {{ '3.7' | int }} {{ '1.5' | float }} {{ 3.7 | int }} {{ 2.5 | round }} {{ 2.675 | round(2) }} {{ -3 | abs }} {{ 3 | string + 'a' }}",
    "{{ 'a\\nb\\n\\nc' | indent }}|{{ 'a\\nb\\n\\nc' | indent(2, true) }}|{{ 'a\\nb\\n' | indent(1, blank=true) }}|{{ '<&>' | e }}|{{ '<b>' | safe }}|{{ ' a ' | trim }}|{{ 'ab' | capitalize }}|{{ '%s!' | format('a') }}",
    "{{ [1, 2, 3][1:] }}{{ [1, 2, 3][:-1] }}{{ [1, 2, 3][::-1] }}{{ 'abcd'[-2:] }}{{ 'abcd'[::2] }}{{ 'äbc'[0] }}{{ (1, 2)[0] }}{{ {'a': 1}['a'] }}{{ range(2, 9, 3) | list }}{{ dict(a=1, b=none) }}{{ [1, 2, 3][true] }}",
    "{{ 1 < 2 < 3 }} {{ 1 not in [2] }} {{ not missing }} {{ missing or 'b' }} {{ '' or none }} {{ 'a' if 0 else 'b' }} {{ 1 == 1.0 == true }} {{ [1] == (1,) }} {{ 'A' < 'a' }} {{ [1, 2] < [1, 3] }} {{ {'a': 1} == {'a': 1.0} }}",
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n{%- if true -%}\n  d\n{%- endif %}\n e {{- ' f ' -}} g\n  {%+ if true %}h{%+ endif %}\n{# i #}\nj {#- k -#} l\n{% raw %}{{ m }}{% endraw %}\n\n",
    "a\r\nb{{ '\r\n' }}{% if true %}\r\nc\r{% endif %}\r\n", "{{ 'a\\\\b\\x41\\u00e9\\d' }} {{ 'x' 'y' }} {{ 1_000 }} {{ 0x1F }}",
    "{{ bos_token }}{{ eos_token }}{{ unk_token }}{{ pad_token }}{{ sep_token }}|{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}",
]


def render(template, conversation):
    variables = {**SPECIAL, "tools": None, "documents": None, "add_generation_prompt": True, **conversation}
    messages = transformers.tokenization_utils_base._normalize_chat_messages(variables.pop("messages"))
    try:
        return render_jinja_template(conversations=[messages], chat_template=template, **variables)[0][0]
    except Exception:
        return None


cases = []
for name, template in MODELS.items():
    expected = {conversation: render(template, CONVERSATIONS[conversation]) for conversation in CONVERSATIONS}
    cases.append({"name": name, "template": template, "expected": expected})
for snippet in SNIPPETS:
    cases.append({"name": snippet, "template": snippet, "expected": {"turns": render(snippet, CONVERSATIONS["turns"])}})
golden = {"transformers": transformers.__version__, "special_tokens": SPECIAL, "conversations": CONVERSATIONS, "cases": cases}
GOLDEN.parent.mkdir(exist_ok=True)
GOLDEN.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
texts = [text for case in cases for text in case["expected"].values()]
print(f"{len(MODELS)} templates, {len(SNIPPETS)} snippets, {len(texts)} texts of which {texts.count(None)} fail")
