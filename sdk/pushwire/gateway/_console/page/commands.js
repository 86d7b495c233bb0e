// Commands to the gateway.

/** Execute a command. Returns the response; throws an `Error` that says why the command failed. */
export async function command(name, body) {
  let response;
  try {
    response = await fetch(`/$console/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The gateway does not respond");
  }
  const answer = await response.json();
  const problem = answer.problem ?? (response.ok ? undefined : answer.message);
  if (problem !== undefined) throw new Error(problem);
  return answer;
}
