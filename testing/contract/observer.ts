/** Where the exchanges of a world pass by. The project `workerd` sets an observer that checks them against `openapi.json`. */

/** What a world lets an observer see. */
export type Observer = Readonly<{
  /** @param body What was sent, if it is a text. */
  exchange: (request: Request, body: string | undefined, response: Response) => Promise<void>
  /** A webhook to the shop, or an alert. */
  webhook: (request: Request) => Promise<void>
}>

let observer: Observer | undefined

/** Sets the observer of all worlds. */
export const observeWith = (given: Observer): void => void (observer = given)

/** Shows an exchange to the observer. @returns the response. */
export async function observed(
  request: Request,
  body: unknown,
  response: Response,
): Promise<Response> {
  await observer?.exchange(request, typeof body === 'string' ? body : undefined, response)
  return response
}

/** Shows a webhook to the observer. @returns the request, unread. */
export async function observedWebhook(request: Request): Promise<Request> {
  await observer?.webhook(request)
  return request
}
