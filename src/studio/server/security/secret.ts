import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 bits that nobody guesses, for links and cookies. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Whether two texts are the same, in a time that says nothing of how far they are. */
export function isSecret(secret: string, given: string | undefined): boolean {
  return given !== undefined && timingSafeEqual(digest(secret), digest(given));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
