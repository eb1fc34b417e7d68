import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { type Address, isOwnHost } from '../address.js';
import { Refusal } from '../refusal.js';
import { isSecret } from './secret.js';

/** Refuses requests under a name that is not this studio's. */
export function guardHost(address: () => Address): MiddlewareHandler {
  return async (context, next) => {
    if (!isOwnHost(context.req.header('host'), address()))
      throw new Refusal(403, {
        what: 'The studio is not known under this name',
        fix: 'Open the link that it printed; give --public-url to reach it through a tunnel.',
      });
    await next();
  };
}

/**
 * Refuses what a page from elsewhere has its visitor's browser ask for. What changes something and comes with a cookie has to say that it is from the studio's
 * own page; programs, which have no cookie, send the token themselves.
 */
export function guardOrigin(address: () => Address): MiddlewareHandler {
  return async (context, next) => {
    const site = context.req.header('sec-fetch-site');
    const origin = context.req.header('origin');
    const isFromElsewhere =
      (site !== undefined && site !== 'same-origin' && site !== 'none') || (origin !== undefined && !isOwn(origin, context, address()));
    const isChange = !['GET', 'HEAD'].includes(context.req.method);
    const isUnsaid = isChange && bearerOf(context) === undefined && origin === undefined && site !== 'same-origin';
    if (isFromElsewhere || isUnsaid) throw new Refusal(403, { what: 'The request does not come from a page of the studio' });
    await next();
  };
}

function isOwn(origin: string, context: Context, { isTls, publicUrl }: Address): boolean {
  if (publicUrl !== undefined && origin === new URL(publicUrl).origin) return true;
  const host = context.req.header('host') ?? '';
  return origin.toLowerCase() === new URL(`${isTls ? 'https' : 'http'}://${host}`).origin;
}

/** Lets in who has the secret, as a bearer token or, where it has a name, in that cookie. */
export function guardSecret(secret: string, cookie?: () => string): MiddlewareHandler {
  return async (context, next) => {
    const given = bearerOf(context) ?? (cookie && getCookie(context, cookie()));
    if (!isSecret(secret, given))
      throw new Refusal(401, { what: 'The token is missing or wrong', fix: 'Open the link that the studio printed when it was started.' });
    await next();
  };
}

/**
 * A page that is asked for with the token in its address: it becomes a cookie that scripts cannot read and that no other site has sent along, and the address
 * loses it.
 */
export function takeToken(secret: string, cookie: () => string, isSecure: () => boolean): MiddlewareHandler {
  return async (context, next) => {
    const token = context.req.query('token');
    if (token === undefined || context.req.method !== 'GET') return next();
    if (!isSecret(secret, token))
      throw new Refusal(401, {
        what: 'The token in the link is wrong',
        fix: 'Each start of the studio prints a link of its own: open the latest.',
      });
    setCookie(context, cookie(), secret, { httpOnly: true, sameSite: 'Strict', path: '/', secure: isSecure() });
    return context.redirect(context.req.path, 303);
  };
}

function bearerOf(context: Context): string | undefined {
  return /^Bearer ([\w-]{1,200})$/.exec(context.req.header('authorization') ?? '')?.[1];
}
