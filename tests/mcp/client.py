"""Asks a server of the Model Context Protocol what comes in on standard input, by the official client.

Usage: client.py URL KEY legacy|auto. The first line out has the version that was agreed on; then each line in is a question,
and each line out its answer. What fails has `error`, and nothing else.
"""

import asyncio
import json
import sys

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client


def tell(**answer):
    print(json.dumps(answer), flush=True)


def innermost(error):
    """What a group of errors is about."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


async def answer(client, question):
    match question["method"]:
        case "tools":
            tell(tools=[tool.name for tool in (await client.list_tools()).tools])
        case "call":
            result = await client.call_tool(question["name"], question["args"])
            text = result.content[0].text
            tell(isError=bool(result.is_error), structured=result.structured_content, text=text)
        case "read":
            tell(text=(await client.read_resource(question["uri"])).contents[0].text)


async def main(url, key, mode):
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode) as client:
            tell(version=client.protocol_version)
            while line := await asyncio.to_thread(sys.stdin.readline):
                try:
                    await answer(client, json.loads(line))
                except Exception as error:  # whatever it is, the checks read it
                    tell(error=innermost(error))


try:
    asyncio.run(main(*sys.argv[1:]))
except BaseException as error:
    tell(error=innermost(error))
