/** What shall stand in `wrangler.toml`, from the answers and from what is in the account. */
import { domainState } from './cloudflare/domain.ts'
import {
  fileNow,
  installationNow,
  orphanedNamespace,
  requireCertificate,
  uploadedCertificate,
} from './cloudflare/look.ts'
import type { World } from './world.ts'
import { edit, type Wanted } from './toml/wrangler-edits.ts'
import { domainOf } from './toml/wrangler-file.ts'

/** Stands in a plan for the id of a certificate that a step before will upload. */
const ID_TO_COME = '(id of the uploaded certificate)'

/**
 * The text of wrangler.toml as the setup wants it.
 *
 * A domain stands in it only once the Worker has it: wrangler without a terminal takes a domain from any other owner
 * without asking, so no deploy may see one that was not looked at.
 */
export async function wantedText(world: World): Promise<string> {
  const { answers, accountId, environment } = world
  const kvId = await orphanedNamespace(world)
  const certificateId = await wantedCertificate(world)
  const { routes } = installationNow(world)
  const domain = await attachedDomain(world, domainOf(routes))
  const wanted: Wanted = {
    vars: answers.vars,
    domain,
    ...(accountId === undefined ? {} : { accountId }),
    ...(kvId === undefined ? {} : { kvId }),
    ...(certificateId === undefined ? {} : { certificateId }),
  }
  return edit(fileNow(world), environment, wanted)
}

/** The text with the domain, as the last step leaves it. */
export async function finalText(world: World): Promise<string> {
  const { domain } = world.answers
  const wanted = await wantedText(world)
  return domain === '' ? wanted : edit(wanted, world.environment, { domain })
}

async function attachedDomain(world: World, inFile: string | undefined): Promise<string | null> {
  const { domain } = world.answers
  if (domain === '') return inFile ?? null // a dry run without all values
  return (await domainState(world)).isAttached ? domain : null
}

async function wantedCertificate(world: World): Promise<string | undefined> {
  const { certificate } = world.answers
  const { certificateId } = installationNow(world)
  if (certificate !== undefined) {
    return (await uploadedCertificate(world, certificate.serial)) ?? ID_TO_COME
  }
  if (certificateId !== undefined) await requireCertificate(world, certificateId)
  return certificateId
}
