export { betterTeacher } from './teacher.js';
export * from './technique.js';
