import { z } from 'zod';

export const positive = z.number().positive();

const text = z.string().min(1);

/** What a file of any kind of hardware says first. */
export const described = { name: text, title: text, source: text };
