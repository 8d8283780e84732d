/** Calls of the page to the simulator. */

/** Posts JSON and returns the JSON of the answer. Rejects when the simulator does not answer. */
export async function post<T = unknown>(path: string, body: object = {}): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  return (await response.json()) as T
}

/** A call of the simulator's control interface. */
export const control = <T = unknown>(name: string, body: object = {}): Promise<T> =>
  post<T>(`/_control/${name}`, body)
