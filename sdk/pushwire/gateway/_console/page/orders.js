// Orders to the gateway.

/** Have something done. Returns what the gateway answers; throws an `Error` that says why it was not done. */
export async function order(name, body) {
  let response;
  try {
    response = await fetch(`/$console/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The gateway does not answer");
  }
  const answer = await response.json();
  const problem = answer.problem ?? (response.ok ? undefined : answer.message);
  if (problem !== undefined) throw new Error(problem);
  return answer;
}
