import type { Message } from '../../base/index.js';
import type { LabOptions } from './devices/lab.js';
import type { RunSource } from './runs/source.js';
import type { UploadLimits } from './starting/uploads.js';

/** Where a studio is opened, and how. */
export interface StudioOptions {
  /** Runs below it are shown, and new ones are put into it. */
  readonly root: string;
  /** Of the package: pages are told. */
  readonly version: string;
  /** Default: 127.0.0.1, which only this machine reaches. */
  readonly host?: string;
  /** Default: any that is free. */
  readonly port?: number;
  /** Certificate and key, PEM; without, it speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The address of a tunnel that leads here, e.g. "https://studio.example.com". */
  readonly publicUrl?: string;
  /** Opens everything but what devices do; letters, digits, "-" and "_". Default: one that is made for the occasion. */
  readonly token?: string;
  /** Nothing is started, steered or measured. Default false. */
  readonly isReadOnly?: boolean;
  /** Told what went wrong in a request that could not be answered. */
  readonly onMessage?: (message: Message) => void;
  /** Where the built pages lie. Default: beside this module. */
  readonly web?: string;
  /** How runs are looked at. Default: their folders are read. */
  readonly source?: RunSource;
  readonly limits?: StudioLimits;
}

/** How much of everything, and how long. Defaults suit people; tests have others. */
export interface StudioLimits {
  readonly uploads?: UploadLimits;
  /** Bytes of a file that a worker leaves. Default: 10 GB. */
  readonly artefact?: number;
  /** Runs that are started here and go on at a time. Default: the processor's cores, at least 4. */
  readonly processes?: number;
  /** Pages that follow runs at a time. Default 64. */
  readonly listeners?: number;
  /** Milliseconds: see EventOptions and LabOptions. */
  readonly pace?: number;
  readonly heartbeat?: number;
  readonly lease?: LabOptions['lease'];
  readonly patience?: LabOptions['patience'];
}
