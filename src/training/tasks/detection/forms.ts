import type { BoxTargets } from '../../../data/index.js';
import { isFloat, type Model, staticShape, type Tensor, type Value } from '../../../onnx/index.js';
import type { Outputs } from '../task.js';
import { type Found, suppress } from './boxes.js';

/** How a model's outputs say which objects are in an image. */
export interface DetectionForm {
  /** For people. */
  title: string;
  outputs: readonly string[];
  /** The boxes of the first `size` images. */
  decode(outputs: Outputs, size: number): Found[][];
}

/** The forms that are recognized, for messages. */
export const KNOWN_FORMS =
  '[images, boxes, 6] (corners, score, class); [boxes, 7] (image, corners, class, score); [1, 1, boxes, 7] (image, class, score, corners); ' +
  "TensorFlow's detection_boxes, detection_classes, detection_scores and num_detections; [images, 4 + classes, places] or [images, places, 5 + classes] " +
  '(centre, size, scores: as YOLO has them); boxes [images, places, 4] with scores [images, places, classes] or [images, classes, places]';

/**
 * Finds out how a model's outputs hold detections, by their shapes; undefined where they have none of the known forms. Forms that hold every place go
 * through non-maximum suppression here: an overlap of 0.7 within a class, scores from 0.001 on, at most 300 boxes.
 */
export function detectionForm({ graph }: Model, { classes: names, ids }: Pick<BoxTargets, 'classes' | 'ids'>): DetectionForm | undefined {
  const classes = names.length;
  const outputs = graph.outputs.filter(({ dtype }) => dtype === undefined || isFloat(dtype));
  return tensorflow(outputs, ids) ?? rows(outputs) ?? yolo(outputs, classes) ?? pair(outputs, classes);
}

function tensorflow(outputs: readonly Value[], ids: readonly number[] | undefined): DetectionForm | undefined {
  const named = (part: string) => outputs.find(({ name }) => name.includes(`detection_${part}`) && !name.includes('raw'))?.name;
  const [boxes, classes, scores] = [named('boxes'), named('classes'), named('scores')];
  const isBatched = outputs.find(({ name }) => name === boxes)?.shape?.length === 3;
  if (!boxes || !classes || !scores || !isBatched) return undefined;
  return {
    title: "TensorFlow's boxes, classes and scores",
    outputs: [boxes, classes, scores],
    decode: (found, size) =>
      perImage(size, (image) => {
        const [corners, numbers, sureness] = [boxes, classes, scores].map((name) => rowsAt(found[name], image));
        // Classes are the ids of the labels that it was trained with, from 1 on, and the vertical coordinate comes first.
        return Array.from(sureness, (score, i) => {
          const [top, left, bottom, right] = corners.subarray(4 * i, 4 * i + 4);
          return { corners: [left, top, right, bottom] as const, score, category: ids ? ids.indexOf(numbers[i]) : numbers[i] - 1 };
        }).filter(({ score }) => score > 0);
      }),
  };
}

function rows(outputs: readonly Value[]): DetectionForm | undefined {
  const [output] = outputs;
  const shape = output?.shape;
  if (outputs.length !== 1 || !shape) return undefined;
  const width = shape.at(-1);
  if (shape.length === 3 && width === 6)
    return {
      title: 'a row of corners, score and class for each box',
      outputs: [output.name],
      decode: (found, size) =>
        perImage(size, (image) =>
          rowsOf(rowsAt(found[output.name], image), 6)
            .map(([left, top, right, bottom, score, category]) => ({ corners: [left, top, right, bottom] as const, score, category }))
            .filter(({ score }) => score > 0),
        ),
    };
  const isOpenVino = shape.length === 4 && shape[0] === 1 && shape[1] === 1;
  if (width !== 7 || (shape.length !== 2 && !isOpenVino)) return undefined;
  return {
    title: 'a row of image, corners, class and score for each box',
    outputs: [output.name],
    decode: (found, size) => {
      const all = perImage(size, (): Found[] => []);
      for (const row of rowsOf(found[output.name].toFloat32(), 7)) {
        const [category, score] = isOpenVino ? [row[1], row[2]] : [row[5], row[6]];
        const [left, top, right, bottom] = isOpenVino ? row.slice(3) : row.slice(1, 5);
        all[row[0]]?.push({ corners: [left, top, right, bottom], score, category });
      }
      return all;
    },
  };
}

function yolo(outputs: readonly Value[], classes: number): DetectionForm | undefined {
  const [output] = outputs;
  const shape = output?.shape;
  if (outputs.length !== 1 || shape?.length !== 3) return undefined;
  const hasObjectness = shape[2] === 5 + classes;
  if (shape[1] !== 4 + classes && !hasObjectness) return undefined;
  const width = hasObjectness ? 5 + classes : 4 + classes;
  return {
    title: hasObjectness ? 'YOLO places with objectness' : 'YOLO places',
    outputs: [output.name],
    decode: (found, size) =>
      perImage(size, (image) => {
        const values = rowsAt(found[output.name], image);
        const places = values.length / width;
        const at = (place: number, i: number) => (hasObjectness ? values[place * width + i] : values[i * places + place]);
        const boxes: Found[] = [];
        for (let place = 0; place < places; place++) {
          const [x, y, w, h] = [0, 1, 2, 3].map((i) => at(place, i));
          const object = hasObjectness ? at(place, 4) : 1;
          const corners = [x - w / 2, y - h / 2, x + w / 2, y + h / 2] as const;
          for (let c = 0; c < classes; c++) boxes.push({ corners, category: c, score: object * at(place, width - classes + c) });
        }
        return suppress(boxes);
      }),
  };
}

function pair(outputs: readonly Value[], classes: number): DetectionForm | undefined {
  const boxes = outputs.find(({ shape }) => shape?.length === 3 && shape[2] === 4);
  const places = boxes?.shape?.[1];
  const scores = outputs.find((each) => each !== boxes && each.shape?.length === 3 && each.shape.slice(1).some((dim) => dim === places));
  if (!boxes?.shape || !scores?.shape || outputs.length !== 2) return undefined;
  const [, second, third] = scores.shape;
  const placesFirst = second === places;
  const columns = Number(placesFirst ? third : second);
  // Detectors of SSD's kind have a score of the background first.
  const background = columns === classes + 1 ? 1 : 0;
  if (columns - background !== classes || !staticShape(boxes.shape.slice(1))) return undefined;
  return {
    title: 'boxes and scores of every place',
    outputs: [boxes.name, scores.name],
    decode: (found, size) =>
      perImage(size, (image) => {
        const [corners, sureness] = [rowsAt(found[boxes.name], image), rowsAt(found[scores.name], image)];
        const count = corners.length / 4;
        const all: Found[] = [];
        for (let place = 0; place < count; place++)
          for (let c = 0; c < classes; c++) {
            const column = c + background;
            const score = placesFirst ? sureness[place * columns + column] : sureness[column * count + place];
            const [left, top, right, bottom] = corners.subarray(4 * place, 4 * place + 4);
            all.push({ corners: [left, top, right, bottom], category: c, score });
          }
        return suppress(all);
      }),
  };
}

function perImage<T>(size: number, one: (image: number) => T): T[] {
  return Array.from({ length: size }, (_, image) => one(image));
}

/** An image's numbers of a tensor [images, ...]. */
function rowsAt(tensor: Tensor, image: number): Float32Array {
  const width = tensor.size / Math.max(1, tensor.shape[0]);
  return tensor.toFloat32().subarray(image * width, (image + 1) * width);
}

function rowsOf(values: Float32Array, width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, row) => [...values.subarray(row * width, (row + 1) * width)]);
}
